import { TraceServiceService as traces } from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import type { Difference } from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import type { Wire } from '../wire/wire.ts';
import { chunksOf } from './text.ts';

export type { Difference };

/** What a replay came to. */
export interface ReplayReport {
  readonly trace: string;
  /** Ops replayed. */
  readonly ops: number;
  /** The first 1000 of them; none: the machine did what the trace says, in every bit. */
  readonly differences: readonly Difference[];
  /** All of them, counted. */
  readonly differenceCount: number;
}

/** See Client.replayTrace. */
export async function replayTrace(
  wire: Wire,
  name: string,
  text: string | Uint8Array,
): Promise<ReplayReport> {
  const report = await wire.upload(traces.replayTrace, uploads(name, text));
  return {
    trace: report.trace,
    ops: Number(report.ops),
    differences: report.differences,
    differenceCount: Number(report.differenceCount),
  };
}

function* uploads(
  trace: string,
  text: string | Uint8Array,
): Generator<{ trace: string; chunk: Buffer }, void, undefined> {
  let name = trace;
  for (const chunk of chunksOf(text)) {
    yield { trace: name, chunk };
    name = '';
  }
}
