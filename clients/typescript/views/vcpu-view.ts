import type * as proto from '../../../proto/gen/evtchnd/v1/types.ts';

/** A vCPU as Xen sees it. */
export interface VcpuView {
  readonly vcpu: number;
  /** It runs (VCPUOP_up); a vCPU that is down makes no hypercall. */
  readonly up: boolean;
  /** Asleep in SCHEDOP_poll. */
  readonly blocked: boolean;
  /** vcpu_info.evtchn_upcall_pending. */
  readonly upcallPending: boolean;
  /** vcpu_info.evtchn_upcall_mask. */
  readonly upcallMask: boolean;
  /** vcpu_info.evtchn_pending_sel: a bit per word of ports. */
  readonly pendingSel: bigint;
  /** Where its vcpu_info lies; undefined: it has none, so nothing can notify it. */
  readonly info?: { readonly gfn: number | 'shared_info'; readonly offset: number };
  /** What it waits for while it is blocked: a port, or undefined for any; ns of virtual time. */
  readonly poll?: { readonly port?: number; readonly timeoutNs: number };
  /** FIFO: its control block. */
  readonly controlBlock?: ControlBlock;
  /** VIRQs bound on this vCPU. */
  readonly virqs: readonly { readonly virq: number; readonly port: number }[];
}

/** struct evtchn_fifo_control_block. */
export interface ControlBlock {
  readonly gfn: number;
  /** In bytes. */
  readonly offset: number;
  /** A bit per priority whose queue is not empty. */
  readonly ready: number;
  /** HEAD of the 16 queues: a port, or 0. */
  readonly heads: readonly number[];
}

export function vcpuFromProto(vcpu: proto.Vcpu): VcpuView {
  const { info, poll, controlBlock, ...plain } = vcpu;
  return {
    ...plain,
    ...(info !== undefined && { info: infoFromProto(info) }),
    ...(poll !== undefined && { poll: pollFromProto(poll) }),
    ...(controlBlock !== undefined && {
      controlBlock: { ...controlBlock, gfn: Number(controlBlock.gfn) },
    }),
  };
}

const infoFromProto = (info: proto.VcpuInfoPlace): NonNullable<VcpuView['info']> => ({
  gfn: info.sharedInfo ? 'shared_info' : Number(info.gfn),
  offset: info.offset,
});

const pollFromProto = ({ port, timeout }: proto.VcpuPoll): NonNullable<VcpuView['poll']> => ({
  ...(port !== undefined && { port }),
  timeoutNs: Number(timeout),
});
