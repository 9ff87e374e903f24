import { SessionResponse } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { BatchStream } from './batch-stream.ts';
import { compare, inTurn } from './compare.ts';
import type { Pair } from './compare.ts';
import type { Figure } from './measure.ts';
import { BATCH_OPS } from './session-batches.ts';

const SLICE_MS = 100;
const TURNS = { warm: 4, pairs: 8 } as const;

/** A batch to be sent again and again, and what is wanted of it. */
export interface BatchCase {
  /** What it has 64 of. */
  readonly ops: string;
  readonly batch: Buffer;
  readonly rate?: Figure['target'];
  readonly ratio?: Figure['target'];
}

/** The batch over an open session, beside an echo of messages of the same sizes: batches/s. */
export async function sessionPairs(
  session: BatchStream,
  echoAddress: string,
  batch: Buffer,
): Promise<Pair[]> {
  const answer = await succeed(session, batch);
  using echo = new BatchStream(echoAddress);
  await echo.exchange(answer);
  return await inTurn({
    ours: () => session.run(batch, answer, SLICE_MS),
    peer: () => echo.run(batch, answer, SLICE_MS),
    ...TURNS,
  });
}

export function sessionFigures({ ops, ...targets }: BatchCase, pairs: readonly Pair[]): Figure[] {
  const { ours, peer, ratio } = compare(pairs);
  const unit = 'ops/s';
  const rate = { value: ours * BATCH_OPS, unit, target: targets.rate };
  return [
    { what: `${BATCH_OPS} ${ops} a batch`, ...rate },
    { what: '  peer: bidi echo of the same bytes', value: peer * BATCH_OPS, unit },
    { what: '  ours / peer', value: ratio, unit: '', target: targets.ratio },
  ];
}

/** Sends a batch of which each op must succeed: a failure would be measured as something else. */
export async function succeed(session: BatchStream, batch: Buffer): Promise<Buffer> {
  const answer = await session.exchange(batch);
  const failed = SessionResponse.decode(answer).results.find(({ rc }) => rc !== 0);
  if (failed !== undefined) throw new Error(`an op failed: ${JSON.stringify(failed)}`);
  return answer;
}
