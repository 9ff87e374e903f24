import { median } from './measure.ts';

/** What was measured of ours and of a peer, in turn; medians, and the median of the ratios. */
export interface Compared {
  readonly ours: number;
  readonly peer: number;
  /** ours / peer: of values measured one right after the other. */
  readonly ratio: number;
}

/** Part of the pairs that goes before: the optimising compiler has yet to see both, on each side. */
const WARM_PART = 1 / 4;

/** Measures ours, the peer, ours, the peer … so that a slow moment of the machine meets both. */
export async function compare(
  pairs: number,
  { ours, peer }: { ours: () => Promise<number>; peer: () => Promise<number> },
): Promise<Compared> {
  const measured: Compared[] = [];
  for (let pair = -pairs * WARM_PART; pair < pairs; pair += 1) {
    const [our, other] = [await ours(), await peer()];
    if (pair >= 0) measured.push({ ours: our, peer: other, ratio: our / other });
  }
  return {
    ours: median(measured.map((pair) => pair.ours)),
    peer: median(measured.map((pair) => pair.peer)),
    ratio: median(measured.map((pair) => pair.ratio)),
  };
}
