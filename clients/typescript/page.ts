/** A page of the calling domain: a gfn, 0 to `pages` - 1, or its shared_info page. */
export type Page = number | bigint | 'shared_info';

export interface PageFields {
  readonly gfn: bigint;
  readonly sharedInfo: boolean;
}

/** What a request says to name the page. Any 64-bit number may be tried: Xen judges it. */
export function pageFields(page: Page): PageFields {
  if (page === 'shared_info') return { gfn: 0n, sharedInfo: true };
  return { gfn: BigInt.asUintN(64, BigInt(page)), sharedInfo: false };
}

/** A moment of virtual time, or a length of it, in ns. */
export type Nanoseconds = number | bigint;

export const nanoseconds = (ns: Nanoseconds): bigint => BigInt(ns);
