import { setImmediate as nextTurn } from 'node:timers/promises';
import type { handleClientStreamingCall } from '@grpc/grpc-js';

import {
  Machine,
  Recorder,
  TraceError,
  compare,
  parseTrace,
  planReplay,
} from '../../core/index.ts';
import type { Difference, ReplayPlan, Trace } from '../../core/index.ts';
import { DIFFERENCES_TOLD_MAX, SLICE_MS } from '../config.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { clientStreaming } from './client-streaming.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';

/** Replays an uploaded trace in a machine of its own, a slice a turn. */
export const replayTrace = (
  context: RpcContext,
): handleClientStreamingCall<proto.ReplayTraceRequest, proto.ReplayTraceResponse> =>
  clientStreaming(context, async ({ first, bytes }) => {
    const { trace, plan } = parse(bytes.toString(), first.trace || 'trace');
    const recorder = new Recorder(Machine.create({ xen: plan.xen }));
    const differences: Difference[] = [];
    let count = 0;
    let sliceEnd = performance.now() + SLICE_MS;
    for (const planned of plan.steps) {
      for (const difference of compare(trace.name, planned, recorder.step(planned.step))) {
        count += 1;
        if (count <= DIFFERENCES_TOLD_MAX) differences.push(difference);
      }
      if (performance.now() < sliceEnd) continue;
      await nextTurn();
      sliceEnd = performance.now() + SLICE_MS;
    }
    const ops = BigInt(plan.ops);
    return { trace: trace.name, ops, differences, differenceCount: BigInt(count) };
  });

function parse(text: string, name: string): { trace: Trace; plan: ReplayPlan } {
  try {
    const trace = parseTrace(text, name);
    return { trace, plan: planReplay(trace) };
  } catch (error) {
    if (error instanceof TraceError) throw refused('BAD_TRACE', error.message);
    throw error;
  }
}
