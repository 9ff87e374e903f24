import type { Domid, Port, VcpuId } from './ids.ts';

/**
 * Everything that can come of an op besides its answer. An effect is data: the hypervisor emits
 * it, the machine numbers it, and whoever watches reads it later. Nothing is called back.
 *
 * | kind             | dom, vcpu, port say                          | detail                        |
 * |------------------|----------------------------------------------|-------------------------------|
 * | pending          | the port became pending, for this vCPU       | 0                             |
 * | coalesced        | an event came while the port was pending     | 0                             |
 * | latched          | FIFO: no array page yet, remembered by Xen   | 0                             |
 * | dropped          | an event nobody can receive                  | 0 unbound, 1 no control block |
 * | upcall           | evtchn_upcall_pending of the vCPU went 0 → 1 | evtchn_upcall_mask            |
 * | unmasked         | EVTCHNOP_unmask                              | 0                             |
 * | bound            | the port was given a binding                 | EVTCHNSTAT_*                  |
 * | closed           | the port is free again                       | EVTCHNSTAT_* it had           |
 * | peer_closed      | the far end closed: the port is unbound      | domid of the far end          |
 * | moved            | the port now notifies this vCPU              | 0                             |
 * | xen_notified     | a port whose consumer is Xen was sent to     | 0                             |
 * | blocked          | the vCPU sleeps in SCHEDOP_poll              | ports it polls                |
 * | woken            | the vCPU left SCHEDOP_poll                   | 0 event, 1 timeout            |
 * | fifo             | the domain switched to the FIFO ABI          | 0                             |
 * | two_level        | a reset brought the 2-level ABI back         | 0                             |
 * | domain_created   | the domain exists                            | vCPUs                         |
 * | domain_dying     | its ports are closed; something refers to it | 0                             |
 * | domain_destroyed | its domid answers ESRCH from here on         | 0                             |
 * | paused, unpaused | by the toolstack                             | pause count                   |
 * | clock            | virtual time moved on (dom is DOMID_XEN)     | 0                             |
 * | interrupt        | an ithread must run, for this port           | token of its handler          |
 * | filtered         | a filter has run in the upcall               | token of its handler          |
 * | guest_fault      | the guest did something wrong                | its place among the faults    |
 * | guest_booted     | a kernel runs in the domain                  | number of its variant         |
 * | suspending       | the drivers must quiesce                     | number of the mode            |
 * | suspended        | the vCPUs have stopped                       | 0                             |
 * | resumed          | it runs again; port: the domid that it had   | number of the mode            |
 */
export const EFFECT_KINDS = [
  'pending',
  'coalesced',
  'latched',
  'dropped',
  'upcall',
  'unmasked',
  'bound',
  'closed',
  'peer_closed',
  'moved',
  'xen_notified',
  'blocked',
  'woken',
  'fifo',
  'two_level',
  'domain_created',
  'domain_dying',
  'domain_destroyed',
  'paused',
  'unpaused',
  'clock',
  'interrupt',
  'filtered',
  'guest_fault',
  'guest_booted',
  'suspending',
  'suspended',
  'resumed',
] as const;

export type EffectKind = (typeof EFFECT_KINDS)[number];

/** The number of each kind, for compact records. */
export const EFFECT = Object.fromEntries(EFFECT_KINDS.map((kind, code) => [kind, code])) as Record<
  EffectKind,
  number
>;

/** Where the hypervisor puts what came of an op. `kind` is a number of EFFECT. */
export interface EffectSink {
  emit(kind: number, dom: Domid, vcpu: VcpuId, port: Port, detail: number): void;
}
