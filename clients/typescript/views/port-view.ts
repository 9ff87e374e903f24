import type * as proto from '../../../proto/gen/evtchnd/v1/types.ts';
import { stateFromProto } from './names.ts';
import type { EvtchnState } from './names.ts';

/** What EVTCHNOP_status tells (struct evtchn_status). */
export interface PortStatus {
  /** EVTCHNSTAT_*: 0 closed, 1 unbound, 2 interdomain, 3 pirq, 4 virq, 5 ipi. */
  readonly status: number;
  /** The same, by name. */
  readonly state: EvtchnState;
  /** The vCPU that is notified. */
  readonly vcpu: number;
  /** unbound: who may bind to it. interdomain: who did. */
  readonly remoteDom?: number;
  /** interdomain: the port at the far end. */
  readonly remotePort?: number;
  /** pirq: the physical interrupt, as the domain knows it. */
  readonly pirq?: number;
  /** virq: VIRQ_*. */
  readonly virq?: number;
}

/** A port as Xen's debug key 'e' sees it: its binding and its bits. */
export interface PortView extends Omit<PortStatus, 'status'> {
  readonly port: number;
  readonly pending: boolean;
  readonly masked: boolean;
  /** Xen itself consumes events of this port. */
  readonly xenConsumer: boolean;
  /** Only on the FIFO ABI. */
  readonly fifo?: FifoPortView;
}

/** What the FIFO ABI knows of a port. */
export interface FifoPortView {
  /** 0, the most urgent, to 15; 7 unless set. */
  readonly priority: number;
  /** The event is in a queue. */
  readonly linked: boolean;
  readonly busy: boolean;
  /** The next port of the queue; 0: the last. */
  readonly link: number;
  /** An event came before the array page, and Xen remembers it. */
  readonly latched: boolean;
  /** The event word; undefined: it has no array page yet. */
  readonly word?: number;
}

export function statusFromProto(status: proto.PortStatus | undefined): PortStatus {
  if (status === undefined) return { status: 0, state: 'closed', vcpu: 0 };
  return {
    status: status.status,
    state: stateFromProto(status.state),
    vcpu: status.vcpu,
    ...binding(status),
  };
}

export function portFromProto(port: proto.Port): PortView {
  return {
    port: port.port,
    state: stateFromProto(port.state),
    vcpu: port.vcpu,
    ...binding(port),
    pending: port.pending,
    masked: port.masked,
    xenConsumer: port.xenConsumer,
    ...(port.priority !== undefined && { fifo: fifo(port, port.priority) }),
  };
}

type Binding = Pick<proto.PortStatus, 'remoteDom' | 'remotePort' | 'pirq' | 'virq'>;

/** Only the fields that the port's state has. */
function binding({ remoteDom, remotePort, pirq, virq }: Binding): Partial<PortStatus> {
  return {
    ...(remoteDom !== undefined && { remoteDom }),
    ...(remotePort !== undefined && { remotePort }),
    ...(pirq !== undefined && { pirq }),
    ...(virq !== undefined && { virq }),
  };
}

function fifo(port: proto.Port, priority: number): FifoPortView {
  return {
    priority,
    linked: port.linked ?? false,
    busy: port.busy ?? false,
    link: port.link ?? 0,
    latched: port.latched ?? false,
    ...(port.word !== undefined && { word: port.word }),
  };
}
