// What a hypercall costs over gRPC, beside grpc-js with nothing behind it.

import { BatchStream } from './batch-stream.ts';
import { startPeer } from './child.ts';
import { print } from './measure.ts';
import { BATCH_OPS, channelBatch, openingBatch, sendBatch } from './session-batches.ts';
import { sessionFigures, succeed } from './session.ts';
import type { BatchCase } from './session.ts';
import { unaryFigures } from './unary.ts';

const CASES: readonly BatchCase[] = [
  { ops: 'sends', batch: sendBatch(), rate: { least: 500_000 }, ratio: { least: 0.8 } },
  { ops: 'ops of channels that come and go', batch: channelBatch(), rate: { least: 500_000 } },
];

await using evtchnd = await startPeer(new URL('./evtchnd-server.ts', import.meta.url));
await using echo = await startPeer(new URL('./echo-server.ts', import.meta.url));
using session = new BatchStream(evtchnd.address);
await succeed(session, openingBatch());

print('Transport: unary', await unaryFigures(evtchnd.address, echo.address));
for (const batchCase of CASES) {
  const figures = await sessionFigures(session, echo.address, batchCase);
  print(`Transport: Session, batches of ${BATCH_OPS} ${batchCase.ops}`, figures);
}
