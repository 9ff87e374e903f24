import { SessionResponse } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { BatchStream } from './batch-stream.ts';
import { compare } from './compare.ts';
import type { Figure } from './measure.ts';
import { BATCH_OPS } from './session-batches.ts';

const PAIRS = 20;
const SLICE_MS = 200;

/** A batch to be sent again and again, and what is wanted of it. */
export interface BatchCase {
  /** What it has 64 of. */
  readonly ops: string;
  readonly batch: Buffer;
  readonly rate?: Figure['target'];
  readonly ratio?: Figure['target'];
}

/** The batch over an open session, beside an echo of messages of the same sizes. */
export async function sessionFigures(
  session: BatchStream,
  echoAddress: string,
  { ops, batch, ...targets }: BatchCase,
): Promise<Figure[]> {
  const answer = await succeed(session, batch);
  using echo = new BatchStream(echoAddress);
  await echo.exchange(answer);
  const { ours, peer, ratio } = await compare(PAIRS, {
    ours: () => session.run(batch, answer, SLICE_MS),
    peer: () => echo.run(batch, answer, SLICE_MS),
  });
  const unit = 'ops/s';
  const peerName = '  peer: bidi echo of the same bytes';
  return [
    { what: `${BATCH_OPS} ${ops} a batch`, value: ours * BATCH_OPS, unit, target: targets.rate },
    { what: peerName, value: peer * BATCH_OPS, unit },
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
