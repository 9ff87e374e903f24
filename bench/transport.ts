// What a hypercall costs over gRPC, beside grpc-js with nothing behind it.

import { BatchStream } from './batch-stream.ts';
import { startPeer } from './child.ts';
import type { Pair } from './compare.ts';
import { print } from './measure.ts';
import { BATCH_OPS, channelBatch, openingBatch, sendBatch } from './session-batches.ts';
import { sessionFigures, sessionPairs, succeed } from './session.ts';
import type { BatchCase } from './session.ts';
import { unaryFigures, unaryPairs } from './unary.ts';

/** Of two equal servers one may stay faster for all its life: one of each would tell little. */
const SERVERS_OF_EACH = 3;

const CASES: readonly BatchCase[] = [
  { ops: 'sends', batch: sendBatch(), rate: { least: 500_000 }, ratio: { least: 0.8 } },
  { ops: 'ops of channels that come and go', batch: channelBatch(), rate: { least: 500_000 } },
];

const unary: Pair[] = [];
const sessions = CASES.map((batchCase) => ({ batchCase, pairs: [] as Pair[] }));
for (let servers = 0; servers < SERVERS_OF_EACH; servers += 1) await measure();
print('Transport: unary', unaryFigures(unary));
print(
  `Transport: Session, batches of ${BATCH_OPS}`,
  sessions.flatMap(({ batchCase, pairs }) => sessionFigures(batchCase, pairs)),
);

/** Measures everything once, with new servers. */
async function measure(): Promise<void> {
  await using evtchnd = await startPeer(new URL('./evtchnd-server.ts', import.meta.url));
  await using echo = await startPeer(new URL('./echo-server.ts', import.meta.url));
  using session = new BatchStream(evtchnd.address);
  await succeed(session, openingBatch());
  unary.push(...(await unaryPairs(evtchnd.address, echo.address)));
  for (const { batchCase, pairs } of sessions) {
    pairs.push(...(await sessionPairs(session, echo.address, batchCase.batch)));
  }
}
