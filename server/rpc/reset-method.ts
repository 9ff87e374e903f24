import type { handleUnaryCall } from '@grpc/grpc-js';

import { errnoOf } from '../../core/index.ts';
import type { Answer, OpOf } from '../../core/index.ts';
import type {
  ResetRequest,
  ResetResponse,
} from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { RpcContext } from './context.ts';
import { failureOf } from './failure.ts';
import { machineOf, unary } from './unary.ts';

/** EVTCHNOP_reset to its end: as in Xen, a guest does not notice that it was preempted. */
export const reset = (context: RpcContext): handleUnaryCall<ResetRequest, ResetResponse> =>
  unary(context, (request) => {
    const hosted = machineOf(context, request.machine);
    const { caller, callerVcpu, dom } = request;
    const op: OpOf<'reset'> = { op: 'reset', caller, callerVcpu, dom };
    let answer: Answer = hosted.execute(op);
    while (errnoOf(answer) === 'ERESTART') answer = hosted.execute({ ...op, op: 'reset_cont' });
    const failure = failureOf(op, answer);
    if (failure !== undefined) throw failure;
    return {};
  });
