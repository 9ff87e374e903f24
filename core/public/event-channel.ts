import type { Domid, Port, VcpuId } from './ids.ts';

/** EVTCHNOP_* numbers (public/event_channel.h). */
export const EVTCHNOP = {
  bind_interdomain: 0,
  bind_virq: 1,
  bind_pirq: 2,
  close: 3,
  send: 4,
  status: 5,
  alloc_unbound: 6,
  bind_ipi: 7,
  bind_vcpu: 8,
  unmask: 9,
  reset: 10,
  init_control: 11,
  expand_array: 12,
  set_priority: 13,
  reset_cont: 14,
} as const;

/** EVTCHNSTAT_*: what EVTCHNOP_status answers. */
export const EVTCHNSTAT = {
  closed: 0,
  unbound: 1,
  interdomain: 2,
  pirq: 3,
  virq: 4,
  ipi: 5,
} as const;

export type EvtchnState = keyof typeof EVTCHNSTAT;

/** OUT parameters of EVTCHNOP_status. */
export interface PortStatus {
  /** EVTCHNSTAT_*. */
  readonly status: number;
  readonly state: EvtchnState;
  readonly vcpu: VcpuId;
  readonly remoteDom?: Domid;
  readonly remotePort?: Port;
  readonly pirq?: number;
  readonly virq?: number;
}

/** BIND_PIRQ__WILL_SHARE, bit 0 of `flags` of EVTCHNOP_bind_pirq. */
export const BIND_PIRQ_WILL_SHARE = 1;
