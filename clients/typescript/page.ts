/** A page of the calling domain: a gfn, 0 to `pages` - 1, or its shared_info page. */
export type Page = number | bigint | 'shared_info';

export interface PageFields {
  readonly gfn: bigint;
  readonly sharedInfo: boolean;
}

const GFN_MAX = 2n ** 64n - 1n;

/** What a request says to name the page. Any 64-bit number may be tried: Xen judges it. */
export function pageFields(page: Page): PageFields {
  if (page === 'shared_info') return { gfn: 0n, sharedInfo: true };
  const gfn = BigInt(page);
  if (gfn >= 0n && gfn <= GFN_MAX) return { gfn, sharedInfo: false };
  throw new TypeError(`${page} is no page: give a gfn from 0 to 2^64 - 1, or 'shared_info'`);
}

/** A moment of virtual time, or a length of it, in ns. */
export type Nanoseconds = number | bigint;

export function nanoseconds(ns: Nanoseconds): bigint {
  if (ns >= 0 && (typeof ns === 'bigint' || Number.isInteger(ns))) return BigInt(ns);
  throw new TypeError(`${ns} is no time: give a whole number of ns`);
}
