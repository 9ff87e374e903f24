import type { ServerDuplexStream } from '@grpc/grpc-js';

import { Recorder } from '../../core/index.ts';
import { BATCH_OPS_MAX } from '../config.ts';
import { RecordResponse } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { HostedMachine } from '../machines.ts';
import { ServerStream } from '../stream/server-stream.ts';
import { nodeStreamCall } from '../stream/stream-call.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { createMachine } from './machine-config.ts';
import { readRecordBatch } from './record-messages.ts';
import type { RecordBatch } from './record-messages.ts';
import { admitRequest, machineOf } from './unary.ts';
import { wireFailure } from './wire-failure.ts';

type RecordCall = ServerDuplexStream<Buffer, Buffer>;

/** TraceService.Record: steps in batches, each batch answered by lines of a trace. */
export const record =
  (context: RpcContext) =>
  (call: RecordCall): void => {
    const stream = new ServerStream<Buffer>(context, nodeStreamCall(call));
    let subject: Subject | undefined;
    call.on('data', (bytes: Buffer) => {
      if (stream.closed) return;
      try {
        const batch = wireFailure(() => readRecordBatch(bytes));
        checkSize(batch);
        if (subject !== undefined && batch.open !== undefined) {
          throw refused('REOPENED', 'the recording is open: open another one for another machine');
        }
        subject ??= openSubject(context, stream, batch);
        if (!stream.write(answer(subject, batch))) call.pause();
      } catch (error) {
        stream.fail(error);
      }
    });
    stream.onDrain(() => call.resume());
    call.on('end', () => stream.finish());
  };

/** What is recorded: a machine of the server, or one of the stream's own. */
interface Subject {
  readonly recorder: Recorder;
  readonly hosted: HostedMachine | undefined;
}

function checkSize({ steps }: RecordBatch): void {
  let ops = 0;
  for (const step of steps) ops += step.kind === 'op' ? (step.repeat ?? 1) : 1;
  if (ops <= BATCH_OPS_MAX * REPEAT_FACTOR && steps.length <= BATCH_OPS_MAX) return;
  const message = `${steps.length} steps and ${ops} ops in one batch: send fewer; nothing ran`;
  throw refused('BATCH_TOO_LARGE', message);
}

/** One repeated op may fill a domain with the ports of the FIFO ABI. */
const REPEAT_FACTOR = 64;

function openSubject(
  context: RpcContext,
  stream: ServerStream<Buffer>,
  { open }: RecordBatch,
): Subject {
  admitRequest(context, open);
  if (open === undefined) {
    throw refused('NO_OPEN', 'the first request of a recording needs `open`: in which machine');
  }
  if (open.subject?.$case !== 'machine') {
    stream.attachToServer('record');
    return { recorder: new Recorder(createMachine(open.subject?.value)), hosted: undefined };
  }
  const hosted = machineOf(context, open.subject.value);
  stream.attach(hosted, 'record');
  return { recorder: new Recorder(hosted.machine), hosted };
}

function answer({ recorder, hosted }: Subject, { id, steps }: RecordBatch): Buffer {
  const lines = steps.map((step) => linesText(recorder.step(step)));
  hosted?.settle();
  const bytes = RecordResponse.encode({ id, lines }).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const linesText = (lines: readonly object[]): string =>
  lines.map((line) => JSON.stringify(line)).join('\n');
