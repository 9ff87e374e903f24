import { SHARED_INFO_LAYOUT } from '../public/shared-info.ts';
import type { GuestKind } from '../public/shared-info.ts';
import type { Machine } from '../machine/machine.ts';

/** The bitmaps that a 2-level guest shares with Xen: copies, in words of 32 ports. */
export interface SharedBits {
  readonly pending: Uint32Array;
  readonly mask: Uint32Array;
}

export function sharedBits(machine: Machine, dom: number, guest: GuestKind): SharedBits {
  const { wordBits, pendingOffset, maskOffset } = SHARED_INFO_LAYOUT[guest];
  const words = machine.watch(dom)!.words;
  const length = wordBits ** 2 / 32;
  const copy = (offset: number): Uint32Array => words.slice(offset >> 2, (offset >> 2) + length);
  return { pending: copy(pendingOffset), mask: copy(maskOffset) };
}

export const hasBit = (words: Uint32Array, port: number): boolean =>
  (words[port >>> 5]! & (1 << (port & 31))) !== 0;

/** The ports whose bit differs between two bitmaps. */
export function changedBits(before: Uint32Array, after: Uint32Array): number[] {
  const ports: number[] = [];
  for (const [index, word] of after.entries()) {
    const changed = (before[index] ?? 0) ^ word;
    if (changed === 0) continue;
    for (let bit = 0; bit < 32; bit += 1) {
      if ((changed & (1 << bit)) !== 0) ports.push(index * 32 + bit);
    }
  }
  return ports;
}
