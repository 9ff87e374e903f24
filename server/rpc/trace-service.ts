import type { UntypedServiceImplementation } from '@grpc/grpc-js';

import { ExportError, exportTrace } from '../../core/index.ts';
import type { Machine } from '../../core/index.ts';
import { CHUNK_BYTES } from '../config.ts';
import type { TraceServiceServer } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { EffectWatch } from '../stream/effect-watch.ts';
import { writeAll } from '../stream/text-stream.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { record } from './record.ts';
import { replayTrace } from './replay-method.ts';
import { serverStreaming } from './streaming.ts';
import { machineOf } from './unary.ts';

/** `evtchnd.v1.TraceService` */
export function traceService(context: RpcContext): UntypedServiceImplementation {
  const methods: Pick<TraceServiceServer, 'watchEffects' | 'exportTrace' | 'replayTrace'> = {
    watchEffects: serverStreaming(context, (stream, request) => {
      const hosted = machineOf(context, request.machine);
      stream.attach(hosted, 'effects');
      void new EffectWatch(stream, hosted, context.metrics, request);
    }),
    exportTrace: serverStreaming(context, (stream, { machine }) => {
      const { machine: exported, name } = machineOf(context, machine);
      writeAll(stream, traceChunks(exported, name));
    }),
    replayTrace: replayTrace(context),
  };
  return { ...methods, record: record(context) };
}

/** The lines of the trace are made as the client takes them. */
function* traceChunks(machine: Machine, name: string): Generator<{ chunk: string }, void, void> {
  try {
    let chunk = '';
    for (const line of exportTrace(machine, name)) {
      chunk += `${line}\n`;
      if (chunk.length < CHUNK_BYTES) continue;
      yield { chunk };
      chunk = '';
    }
    yield { chunk };
  } catch (error) {
    if (error instanceof ExportError) throw refused('JOURNAL_INCOMPLETE', error.message);
    throw error;
  }
}
