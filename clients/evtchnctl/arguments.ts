import { InvalidArgumentError } from 'commander';

import { DOMID_IO, DOMID_SELF, DOMID_XEN, VIRQ } from '../typescript/index.ts';
import type { Page } from '../typescript/index.ts';

/** How words of the command line become numbers. Each throws what commander shows as usage. */

const UINT32_MAX = 0xffff_ffff;

/** A whole number, decimal or 0x…, of 32 bits. */
export function uint32(text: string): number {
  const value = /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : Number.NaN;
  if (value <= UINT32_MAX) return value;
  throw new InvalidArgumentError('It must be a whole number, from 0 to 2^32 - 1.');
}

/** The same of 64 bits. */
export function uint64(text: string): bigint {
  const value = /^(?:\d+|0x[0-9a-f]+)$/i.test(text) ? BigInt(text) : -1n;
  if (value >= 0n && value < 2n ** 64n) return value;
  throw new InvalidArgumentError('It must be a whole number, from 0 to 2^64 - 1.');
}

const DOMIDS: Readonly<Record<string, number>> = {
  self: DOMID_SELF,
  io: DOMID_IO,
  xen: DOMID_XEN,
};

/** A domid: a number, or self, io, xen. */
export function domid(text: string): number {
  const special = DOMIDS[text.toLowerCase()];
  if (special !== undefined) return special;
  if (/^[a-z]/i.test(text)) {
    throw new InvalidArgumentError('It must be a domid: a number, or self, io or xen.');
  }
  return uint32(text);
}

const VIRQS: Readonly<Record<string, number>> = VIRQ;

/** A VIRQ: a number, or its name, such as timer or con_ring. */
export function virq(text: string): number {
  const named = VIRQS[text.toUpperCase().replace(/^VIRQ_/, '')];
  if (named !== undefined) return named;
  if (/^\d/.test(text)) return uint32(text);
  const names = Object.keys(VIRQ).join(', ').toLowerCase();
  throw new InvalidArgumentError(`It must be a VIRQ: a number, or one of ${names}.`);
}

/** A page: a gfn, or shared_info. */
export function page(text: string): Page {
  if (text === 'shared_info') return text;
  if (/^[a-z]/i.test(text)) {
    throw new InvalidArgumentError('It must be a gfn, or shared_info.');
  }
  return uint64(text);
}

/** Collects an option that may be given several times. */
export const collect =
  <Value>(parse: (text: string) => Value) =>
  (text: string, previous: readonly Value[] = []): Value[] => [...previous, parse(text)];
