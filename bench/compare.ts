import { median } from './measure.ts';

/** What was measured of ours and, right after it, of a peer. */
export interface Pair {
  readonly ours: number;
  readonly peer: number;
}

/** Medians, and the median of the ratios. */
export interface Compared extends Pair {
  readonly ratio: number;
}

/** Two things to be measured in turn, and how often. */
export interface Sides {
  readonly ours: () => Promise<number>;
  readonly peer: () => Promise<number>;
  /** Pairs that do not count: the optimising compiler has yet to see both, on each side. */
  readonly warm: number;
  readonly pairs: number;
}

/** Measures ours, the peer, ours, the peer … so that a slow moment of the machine meets both. */
export async function inTurn({ ours, peer, warm, pairs }: Sides): Promise<Pair[]> {
  const measured: Pair[] = [];
  for (let turn = 0; turn < warm + pairs; turn += 1) {
    measured.push({ ours: await ours(), peer: await peer() });
  }
  return measured.slice(warm);
}

export function compare(pairs: readonly Pair[]): Compared {
  return {
    ours: median(pairs.map(({ ours }) => ours)),
    peer: median(pairs.map(({ peer }) => peer)),
    ratio: median(pairs.map(({ ours, peer }) => ours / peer)),
  };
}
