import type { Lock, Steps } from '../../core/lib/steps.ts';

/** Fresh threads, and what must hold when all of them have ended. */
export interface Race {
  readonly threads: readonly Steps[];
  check(schedule: string): void;
}

const RUNS_MAX = 500_000;
const STEPS_MAX = 200;

/** Runs the race once for every order in which its steps can come; answers how many there are. */
export function exploreAll(setUp: () => Race): number {
  let prefix: readonly number[] = [];
  for (let runs = 1; runs < RUNS_MAX; runs += 1) {
    const next = runOnce(setUp(), prefix);
    if (next === undefined) return runs;
    prefix = next;
  }
  throw new Error(`more than ${RUNS_MAX} interleavings: take smaller threads`);
}

/** Follows `prefix`, and then the first thread that can run; answers the next prefix to try. */
function runOnce({ threads, check }: Race, prefix: readonly number[]): number[] | undefined {
  const waits = new Map<number, Lock>();
  const left = new Set(threads.keys());
  const chosen: number[] = [];
  const widths: number[] = [];
  const story: string[] = [];
  while (left.size > 0) {
    const ready = [...left].filter((thread) => waits.get(thread)?.held !== true);
    if (ready.length === 0) throw new Error(`a deadlock: ${story.join(', ')}`);
    if (story.length > STEPS_MAX) throw new Error(`no end: ${story.join(', ')}`);
    const choice = prefix[chosen.length] ?? 0;
    const thread = ready[choice]!;
    chosen.push(choice);
    widths.push(ready.length);
    const step = threads[thread]!.next();
    waits.delete(thread);
    if (step.done === true) left.delete(thread);
    else if (typeof step.value !== 'string') waits.set(thread, step.value.waitsFor);
    story.push(`${thread}: ${step.done === true ? 'end' : describe(step.value)}`);
  }
  check(story.join(', '));
  let last = chosen.length - 1;
  while (last >= 0 && chosen[last]! + 1 >= widths[last]!) last -= 1;
  return last < 0 ? undefined : [...chosen.slice(0, last), chosen[last]! + 1];
}

const describe = (step: string | { readonly waitsFor: Lock }): string =>
  typeof step === 'string' ? step : `waits for ${step.waitsFor.name}`;
