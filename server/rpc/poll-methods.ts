import type { handleUnaryCall } from '@grpc/grpc-js';

import type * as proto from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { draining, refused } from './failure.ts';
import { perform } from './one-op.ts';
import type { CallInfo } from './unary.ts';
import { machineOf, unary } from './unary.ts';

const EFFECTS_PER_READ = 1024;
/** `detail` of the effect `woken`. */
const WOKEN_BY_TIMEOUT = 1;

/** SCHEDOP_poll. With `wait` the call lasts as long as the vCPU sleeps. */
export const schedPoll = (
  context: RpcContext,
): handleUnaryCall<proto.SchedPollRequest, proto.SchedPollResponse> =>
  unary(context, async (request, call) => {
    const hosted = machineOf(context, request.machine);
    const { caller, callerVcpu, ports } = request;
    const from = hosted.machine.outbox.lastSequence + 1;
    const timeout = Number(request.timeout);
    const { blocked } = perform(hosted, {
      op: 'sched_poll',
      caller,
      callerVcpu,
      ports,
      nrPorts: ports.length,
      timeout,
    });
    if (!blocked || !request.wait) return { blocked, slept: blocked, timedOut: false };
    const woken = await wokenVcpu(hosted, caller, callerVcpu, from, call);
    return { blocked: false, slept: true, timedOut: woken === WOKEN_BY_TIMEOUT };
  });

/** Whether a vCPU sleeps; with `wait`, answers when it does no more. */
export const pollJoin = (
  context: RpcContext,
): handleUnaryCall<proto.PollJoinRequest, proto.PollJoinResponse> =>
  unary(context, async ({ machine, caller, callerVcpu, wait }, call) => {
    const hosted = machineOf(context, machine);
    const view = hosted.machine.vcpu(caller, callerVcpu);
    if (view === undefined) {
      throw refused('NO_CALLER', `there is no vCPU ${callerVcpu} of a domain ${caller}`);
    }
    if (view.poll === undefined || !wait) return { blocked: view.poll !== undefined };
    const from = hosted.machine.outbox.lastSequence + 1;
    await wokenVcpu(hosted, caller, callerVcpu, from, call);
    return { blocked: false };
  });

/** Waits until the vCPU leaves SCHEDOP_poll. Answers the detail of what woke it. */
function wokenVcpu(
  hosted: HostedMachine,
  dom: number,
  vcpu: number,
  from: number,
  call: CallInfo,
): Promise<number> {
  let next = from;
  return new Promise((resolve, reject) => {
    const stops = [
      hosted.onEffects(() => look()),
      hosted.onEnd((reason) => {
        stop();
        const deleted = refused('MACHINE_DELETED', `machine "${hosted.name}" was deleted`);
        reject(reason === 'draining' ? draining() : deleted);
      }),
    ];
    const stop = (): void => {
      for (const undo of stops) undo();
    };
    call.onCancelled(() => {
      stop();
      resolve(0);
    });
    const look = (): void => {
      const woken = readWoken(hosted, dom, vcpu, next);
      next = hosted.machine.outbox.lastSequence + 1;
      if (woken === undefined) return;
      stop();
      if (woken === 'gone') reject(refused('NO_DOMAIN', `domain ${dom} was destroyed`));
      else resolve(woken);
    };
    look();
  });
}

function readWoken(
  hosted: HostedMachine,
  dom: number,
  vcpu: number,
  from: number,
): number | 'gone' | undefined {
  const { outbox } = hosted.machine;
  for (let next = from; next <= outbox.lastSequence; ) {
    const batch = outbox.read(next, EFFECTS_PER_READ);
    next = batch.next;
    for (const effect of batch.effects) {
      if (effect.dom !== dom) continue;
      if (effect.kind === 'woken' && effect.vcpu === vcpu) return effect.detail;
      if (effect.kind === 'domain_dying' || effect.kind === 'domain_destroyed') return 'gone';
    }
    if (batch.gap !== undefined) {
      const view = hosted.machine.vcpu(dom, vcpu);
      if (view === undefined) return 'gone';
      if (view.poll === undefined) return 0;
    }
  }
  return undefined;
}
