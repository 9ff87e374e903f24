import type { handleUnaryCall } from '@grpc/grpc-js';

import { DOMID_XEN, SUSPEND_MODES, errnoOf } from '../../core/index.ts';
import type { OpOf, SuspendMode } from '../../core/index.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { SUSPEND_MS_DEFAULT, SUSPEND_MS_MAX } from '../config.ts';
import { checkPrecreate } from '../guest/boot-op.ts';
import { DriverHub, guestEnded } from '../guest/driver-hub.ts';
import { boundHandles, fatesOf } from '../guest/fates.ts';
import { faultText, suspendModeMessage, suspendModeOf } from '../guest/guest-messages.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { failureOf, refused } from './failure.ts';
import { perform } from './one-op.ts';
import type { CallInfo } from './unary.ts';
import { machineOf, unary } from './unary.ts';

/** Who suspends whom, and how long the drivers may take. */
export interface SuspendRequest {
  readonly caller?: number | undefined;
  readonly dom: number;
  readonly deadlineMs: number;
}

const NEXT_FREE = -1;

/** DomainService.SuspendDomain */
export const suspendDomain = (
  context: RpcContext,
): handleUnaryCall<proto.SuspendDomainRequest, proto.SuspendDomainResponse> =>
  unary(context, async (request, call) => {
    const hosted = machineOf(context, request.machine);
    const mode = suspendModeOf(request.mode);
    if (mode === undefined) throw refused('BAD_ARGUMENT', `mode ${request.mode} is none`);
    const precreate = checkPrecreate(request.precreate);
    const notReady = await quiesce(hosted, request, mode, call);
    const became = notReady.length === 0 ? mode : 'failed';
    const handles = boundHandlesOf(hosted, request.dom);
    const dom = finish(hosted, request, became, { newDom: request.newDom, precreate });
    return {
      dom,
      mode: suspendModeMessage(became),
      handles: fatesOf(hosted.machine.guest(dom), became, handles),
      notReady: [...notReady],
    };
  });

/** Begins a suspend, and waits for the drivers. Answers who is not ready, and why. */
export function quiesce(
  hosted: HostedMachine,
  { caller = DOMID_XEN, dom, deadlineMs }: SuspendRequest,
  mode: SuspendMode,
  call: CallInfo,
): Promise<readonly string[]> {
  if (deadlineMs > SUSPEND_MS_MAX) {
    throw refused('BAD_ARGUMENT', `deadline_ms is ${deadlineMs}, not from 0 to ${SUSPEND_MS_MAX}`);
  }
  const dead = hosted.machine.guest(dom)?.dead;
  if (dead !== undefined) throw guestEnded(dom, faultText(dead));
  const hub = DriverHub.of(hosted);
  hub.drain(); // What a suspend before this one left must not be taken for this one's.
  perform(hosted, { op: 'suspend_begin', caller, dom, mode: SUSPEND_MODES.indexOf(mode) });
  const drivers = hub.sessionsOf(dom);
  const limit = deadlineMs || SUSPEND_MS_DEFAULT;
  const { notReady, giveUp } = hub.suspends.wait(dom, mode, limit, drivers);
  call.onCancelled(() => giveUp('the toolstack has given up'));
  const stop = hosted.onEnd((reason) => giveUp(`the machine is ${reason}`));
  hub.drain();
  return notReady.finally(stop);
}

const boundHandlesOf = (hosted: HostedMachine, dom: number): number[] => {
  const view = hosted.machine.guest(dom);
  return view === undefined ? [] : boundHandles(view);
};

/** Ends the suspend, and tells the drivers. One that cannot end as it should, fails. */
export function finish(
  hosted: HostedMachine,
  { caller = DOMID_XEN, dom }: SuspendRequest,
  mode: SuspendMode,
  { newDom = NEXT_FREE, precreate = 0 }: { newDom?: number | undefined; precreate?: number } = {},
): number {
  const op: OpOf<'suspend_finish'> = {
    op: 'suspend_finish',
    caller,
    dom,
    mode: SUSPEND_MODES.indexOf(mode),
    newDom,
    precreate,
  };
  const answer = hosted.execute(op);
  try {
    if (answer.ok) return answer.value.dom;
    if (mode !== 'failed' && errnoOf(answer) !== 'ESRCH') {
      hosted.execute({ ...op, mode: SUSPEND_MODES.indexOf('failed') });
    }
    throw failureOf(op, answer)!;
  } finally {
    DriverHub.of(hosted).drain();
    DriverHub.of(hosted).suspends.ended(dom);
  }
}
