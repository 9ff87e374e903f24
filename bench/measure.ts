/** How often each figure is taken; the median is printed, as these runs share their machine. */
const ROUNDS = 7;

/** Nanoseconds that one call of `run(count)` takes per unit of `count`: the median of the rounds. */
export function nsPer(count: number, run: (count: number) => void): number {
  run(count); // Warm: the optimising compiler has seen every path.
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    run(count);
    return ((performance.now() - start) * 1e6) / count;
  });
  return median(rounds);
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** One figure of a bench: what, how much, and what it should be. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: { readonly most: number } | { readonly least: number } | undefined;
}

export function print(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`);
  for (const { what, value, unit, target } of figures) {
    const number = value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(2);
    console.log(
      `  ${what.padEnd(58)} ${number.padStart(12)} ${unit.padEnd(10)} ${verdict(value, target)}`,
    );
  }
}

function verdict(value: number, target: Figure['target']): string {
  if (target === undefined) return '';
  const [holds, text] =
    'most' in target
      ? [value <= target.most, `at most ${target.most.toLocaleString('en')}`]
      : [value >= target.least, `at least ${target.least.toLocaleString('en')}`];
  return `${text}: ${holds ? 'yes' : 'NO'}`;
}
