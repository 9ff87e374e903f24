import type { UntypedServiceImplementation } from '@grpc/grpc-js';

import * as core from '../../core/index.ts';
import type { Machine } from '../../core/index.ts';
import type { TraceServiceServer } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { EffectWatch } from '../stream/effect-watch.ts';
import { lineChunks, writeAll } from '../stream/text-stream.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { record } from './record.ts';
import { replayTrace } from './replay-method.ts';
import { serverStreaming } from './streaming.ts';
import { machineOf } from './unary.ts';

/** `evtchnd.v1.TraceService` */
export function traceService(context: RpcContext): UntypedServiceImplementation {
  const methods: Omit<TraceServiceServer, 'record'> = {
    watchEffects: serverStreaming(context, (stream, request) => {
      const hosted = machineOf(context, request.machine);
      stream.attach(hosted, 'effects');
      void new EffectWatch(stream, hosted, context.metrics, request);
    }),
    exportTrace: serverStreaming(context, (stream, { machine }) => {
      const hosted = machineOf(context, machine);
      const text = exportText(hosted.machine, hosted.name);
      writeAll(stream, lineChunks(text));
    }),
    replayTrace: replayTrace(context),
  };
  return { ...methods, record: record(context) };
}

function exportText(machine: Machine, name: string): string {
  const { exportTrace } = core as unknown as { exportTrace(m: Machine, n: string): string };
  if (machine.journalComplete) return exportTrace(machine, name);
  throw refused(
    'JOURNAL_INCOMPLETE',
    'the journal does not reach back to the creation: raise limits.journal_bytes, or do not restore',
  );
}
