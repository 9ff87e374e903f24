import type * as proto from '../../../proto/gen/evtchnd/v1/op.ts';
import { nanoseconds, pageFields } from '../page.ts';
import type { Nanoseconds, Page } from '../page.ts';
import type { PortStatus } from '../views/port-view.ts';
import { batchOp } from './batch-op.ts';
import type { BatchOp, Who } from './batch-op.ts';
import * as out from './outputs.ts';

/**
 * Hypercalls as ops of a batch. What each does and answers, with its errnos, is told at the method
 * of the same name of `Domain`; arguments are Xen's.
 */
export const hypercallOps = {
  /** EVTCHNOP_alloc_unbound. Answers the port of `dom`. */
  allocUnbound: (args: proto.AllocUnboundOp, who?: Who): BatchOp<{ port: number }> =>
    batchOp('allocUnbound', args, who, out.port),

  /** EVTCHNOP_bind_interdomain. Answers the caller's own port. */
  bindInterdomain: (args: proto.BindInterdomainOp, who?: Who): BatchOp<{ localPort: number }> =>
    batchOp('bindInterdomain', args, who, out.localPort),

  /** EVTCHNOP_bind_virq. Answers the port. */
  bindVirq: (args: proto.BindVirqOp, who?: Who): BatchOp<{ port: number }> =>
    batchOp('bindVirq', args, who, out.port),

  /** EVTCHNOP_bind_pirq. Answers the port. */
  bindPirq: (args: proto.BindPirqOp, who?: Who): BatchOp<{ port: number }> =>
    batchOp('bindPirq', args, who, out.port),

  /** EVTCHNOP_bind_ipi. Answers the port. */
  bindIpi: (args: proto.BindIpiOp, who?: Who): BatchOp<{ port: number }> =>
    batchOp('bindIpi', args, who, out.port),

  /** EVTCHNOP_bind_vcpu. */
  bindVcpu: (args: proto.BindVcpuOp, who?: Who): BatchOp<void> =>
    batchOp('bindVcpu', args, who, out.nothing),

  /** EVTCHNOP_close. */
  close: (args: proto.CloseOp, who?: Who): BatchOp<void> =>
    batchOp('close', args, who, out.nothing),

  /** EVTCHNOP_send. */
  send: (args: proto.SendOp, who?: Who): BatchOp<void> => batchOp('send', args, who, out.nothing),

  /** EVTCHNOP_unmask. */
  unmask: (args: proto.UnmaskOp, who?: Who): BatchOp<void> =>
    batchOp('unmask', args, who, out.nothing),

  /** EVTCHNOP_status. Answers what the port is bound to. */
  status: (args: proto.StatusOp, who?: Who): BatchOp<PortStatus> =>
    batchOp('status', args, who, out.status),

  /** EVTCHNOP_reset. ERESTART, where the machine preempts it: go on with resetCont. */
  reset: (args: proto.ResetOp, who?: Who): BatchOp<void> =>
    batchOp('reset', args, who, out.nothing),

  /** EVTCHNOP_reset, going on after ERESTART. */
  resetCont: (args: proto.ResetContOp, who?: Who): BatchOp<void> =>
    batchOp('resetCont', args, who, out.nothing),

  /** EVTCHNOP_init_control. `offset` in bytes. Answers the bits of a LINK field, 17. */
  initControl: (
    { page, ...args }: { page: Page; offset: number; vcpu: number },
    who?: Who,
  ): BatchOp<{ linkBits: number }> =>
    batchOp('initControl', { ...args, ...pageFields(page) }, who, out.linkBits),

  /** EVTCHNOP_expand_array. */
  expandArray: ({ page }: { page: Page }, who?: Who): BatchOp<void> =>
    batchOp('expandArray', pageFields(page), who, out.nothing),

  /** EVTCHNOP_set_priority. `priority` 0, the most urgent, to 15. */
  setPriority: (args: proto.SetPriorityOp, who?: Who): BatchOp<void> =>
    batchOp('setPriority', args, who, out.nothing),

  /** An EVTCHNOP number that Xen does not know: ENOSYS. */
  evtchnOp: (args: proto.EvtchnOpOp, who?: Who): BatchOp<void> =>
    batchOp('evtchnOp', args, who, out.nothing),

  /**
   * SCHEDOP_poll. `timeoutNs` is a moment of virtual time, 0: never. While `blocked`, further ops of
   * this vCPU are refused (CANNOT_RUN).
   */
  schedPoll: (
    args: { ports: readonly number[]; timeoutNs?: Nanoseconds; nrPorts?: number },
    who?: Who,
  ): BatchOp<{ blocked: boolean }> => {
    const { ports, timeoutNs = 0, nrPorts } = args;
    const poll = { ports: [...ports], timeout: nanoseconds(timeoutNs) };
    return batchOp(
      'schedPoll',
      nrPorts === undefined ? poll : { ...poll, nrPorts },
      who,
      out.blocked,
    );
  },

  /** VCPUOP_register_vcpu_info. `offset` in bytes. */
  registerVcpuInfo: (
    { page, ...args }: { page: Page; offset: number; vcpu: number },
    who?: Who,
  ): BatchOp<void> =>
    batchOp('registerVcpuInfo', { ...args, ...pageFields(page) }, who, out.nothing),

  /** VCPUOP_initialise (the first time) and VCPUOP_up. */
  vcpuUp: (args: proto.VcpuUpOp, who?: Who): BatchOp<void> =>
    batchOp('vcpuUp', args, who, out.nothing),

  /** VCPUOP_down. */
  vcpuDown: (args: proto.VcpuDownOp, who?: Who): BatchOp<void> =>
    batchOp('vcpuDown', args, who, out.nothing),
};
