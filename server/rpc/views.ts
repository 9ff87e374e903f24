import type { DomainView, PortStatus, PortView, VcpuView } from '../../core/index.ts';
import { SHARED_INFO_GFN } from '../../core/index.ts';
import { EvtchnState, GuestKind, PortAbi } from '../../proto/gen/evtchnd/v1/types.ts';
import type * as types from '../../proto/gen/evtchnd/v1/types.ts';

/** The core's views as messages. */

const STATES: Readonly<Record<PortView['state'] | PortStatus['state'], EvtchnState>> = {
  free: EvtchnState.CLOSED,
  closed: EvtchnState.CLOSED,
  reserved: EvtchnState.RESERVED,
  unbound: EvtchnState.UNBOUND,
  interdomain: EvtchnState.INTERDOMAIN,
  pirq: EvtchnState.PIRQ,
  virq: EvtchnState.VIRQ,
  ipi: EvtchnState.IPI,
};

const GUESTS: Readonly<Record<DomainView['guest'], GuestKind>> = {
  pv64: GuestKind.PV64,
  pv32: GuestKind.PV32,
  hvm64: GuestKind.HVM64,
  hvm32: GuestKind.HVM32,
  arm64: GuestKind.ARM64,
};

export const portStatusMessage = (status: PortStatus): types.PortStatus => ({
  ...status,
  state: STATES[status.state],
});

export const portMessage = ({ fifo, ...view }: PortView): types.Port => ({
  ...view,
  ...fifo,
  state: STATES[view.state],
});

export const domainMessage = ({ arrayGfns, ...view }: DomainView): types.Domain => ({
  ...view,
  guest: GUESTS[view.guest],
  abi: view.abi === 'fifo' ? PortAbi.FIFO : PortAbi.TWO_LEVEL,
  virqHandlerOf: [...view.virqHandlerOf],
  arrayGfns: arrayGfns.map(BigInt),
});

export const vcpuMessage = ({ poll, info, controlBlock, ...view }: VcpuView): types.Vcpu => ({
  ...view,
  blocked: poll !== undefined,
  poll: poll && pollMessage(poll),
  info: info && placeMessage(info),
  controlBlock: controlBlock && {
    ...controlBlock,
    gfn: BigInt(controlBlock.gfn),
    heads: [...controlBlock.heads],
  },
  virqs: [...view.virqs],
});

const pollMessage = ({ port, deadline }: { port: number; deadline: number }): types.VcpuPoll => ({
  ...(port > 0 && { port }),
  timeout: BigInt(deadline),
});

const placeMessage = ({ gfn, offset }: { gfn: number; offset: number }): types.VcpuInfoPlace =>
  gfn === SHARED_INFO_GFN
    ? { sharedInfo: true, gfn: 0n, offset }
    : { sharedInfo: false, gfn: BigInt(gfn), offset };
