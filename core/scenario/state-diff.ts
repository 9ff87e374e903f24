import type { GuestKind } from '../public/shared-info.ts';
import type { Machine } from '../machine/machine.ts';
import { changedBits, hasBit, sharedBits } from './shared-bits.ts';
import type { SharedBits } from './shared-bits.ts';

/** What a story tells of a guest's state: shared bits, enable masks, and the port table. */
export interface GuestState extends SharedBits {
  readonly enabled: readonly Uint32Array[];
  readonly map: ReadonlyMap<number, number>;
}

const LINES_MAX = 12;
const NO_WORDS = new Uint32Array();

export function guestState(machine: Machine, dom: number, guest: GuestKind): GuestState {
  const kernel = machine.guest(dom);
  if (kernel === undefined || machine.domain(dom) === undefined) {
    return { pending: NO_WORDS, mask: NO_WORDS, enabled: [], map: new Map() };
  }
  return {
    ...sharedBits(machine, dom, guest),
    enabled: kernel.enabled,
    map: new Map(kernel.portToIsrc.map(({ port, isrc }) => [port, isrc])),
  };
}

/** One line for each bit and entry that changed. */
export function stateChanges(before: GuestState, after: GuestState): string[] {
  const lines = [
    ...bitLines('pending', before.pending, after.pending),
    ...bitLines('mask', before.mask, after.mask),
    ...after.enabled.flatMap((words, cpu) =>
      bitLines(`enabled on CPU ${cpu}`, before.enabled[cpu] ?? NO_WORDS, words),
    ),
    ...mapLines(before.map, after.map),
  ];
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX), `… and ${lines.length - LINES_MAX} changes more`];
}

function bitLines(name: string, before: Uint32Array, after: Uint32Array): string[] {
  return changedBits(before, after).map(
    (port) => `  ${name} bit ${port}: ${hasBit(after, port) ? '0 → 1' : '1 → 0'}`,
  );
}

function mapLines(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): string[] {
  const ports = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  return ports
    .filter((port) => before.get(port) !== after.get(port))
    .map((port) => `  table[${port}]: ${entry(before.get(port))} → ${entry(after.get(port))}`);
}

const entry = (isrc: number | undefined): string =>
  isrc === undefined ? 'none' : `source ${isrc}`;
