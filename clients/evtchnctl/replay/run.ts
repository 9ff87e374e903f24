import { TraceError } from '../../../core/index.ts';
import type { Found } from './find-traces.ts';
import type { Judged } from './judged.ts';
import { readTrace } from './read-trace.ts';

/** Replays the text of one trace, which is called `name`. */
export type Replay = (text: string, name: string) => Judged | Promise<Judged>;

/**
 * Replays all, and tells of each in the order of `found`; at most `ahead` are read or replayed at a
 * time. A trace that cannot be read or replayed does not stop the others; a service that is gone
 * does.
 */
export async function* replayAll(
  found: readonly Found[],
  replay: Replay,
  ahead: number,
): AsyncGenerator<Judged, void, undefined> {
  const underWay: Promise<Judged>[] = [];
  let next = 0;
  const start = (): void => {
    for (; underWay.length < ahead && next < found.length; next += 1) {
      const judged = replayOne(found[next]!, replay);
      judged.catch(() => undefined); // Thrown below, when its turn comes.
      underWay.push(judged);
    }
  };
  for (start(); underWay.length > 0; start()) yield await underWay.shift()!;
}

async function replayOne({ path, problem }: Found, replay: Replay): Promise<Judged> {
  if (problem !== undefined) return { trace: path, problem: `${path}: ${problem}` };
  try {
    return await replay(await readTrace(path), path);
  } catch (error) {
    if (error instanceof TraceError) return { trace: path, problem: error.message };
    throw error;
  }
}
