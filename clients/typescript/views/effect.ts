import type * as proto from '../../../proto/gen/evtchnd/v1/effect.ts';

/** The kinds of effects, in the order of the contract's numbers, from 1. */
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

/**
 * What an effect is. `detail` says more where told here:
 *
 * - pending: the port became pending. coalesced: an event came while it was, and both are one.
 * - latched: FIFO, an event came before the array page. dropped: nobody can receive it (0 the port
 *   is unbound, 1 there is no control block).
 * - upcall: evtchn_upcall_pending of the vCPU went from 0 to 1 (detail: its evtchn_upcall_mask).
 * - unmasked: by EVTCHNOP_unmask. bound: the port has a binding (EVTCHNSTAT_*). closed: it is free
 *   (the EVTCHNSTAT_* it had). peer_closed: the far end closed (its domid). moved: the port now
 *   notifies this vCPU. xen_notified: a port whose consumer is Xen was sent to.
 * - blocked: the vCPU sleeps in SCHEDOP_poll (how many ports). woken: it left it (0 by an event, 1
 *   by its timeout).
 * - fifo, two_level: the domain changed its port ABI.
 * - domain_created (its vCPUs), domain_dying, domain_destroyed; paused, unpaused (pause count).
 * - clock: virtual time moved on. unknown: a kind that this library is too old for.
 * - Of a guest's kernel: interrupt, an ithread must run; filtered, a filter has run (token of the
 *   handler). guest_fault (its place among the faults), guest_booted (number of its variant),
 *   suspending (number of the mode), suspended, resumed (the mode; port: the domid that it had).
 */
export type EffectKind = (typeof EFFECT_KINDS)[number] | 'unknown';

/** One thing that came of an op. */
export interface Effect {
  readonly kind: EffectKind;
  /** Counts the machine's effects from 1, without gaps. */
  readonly sequence: number;
  /** Number of the op it came of, counted from 1. */
  readonly op: number;
  readonly dom: number;
  readonly vcpu: number;
  readonly port: number;
  readonly detail: number;
}

/** The reader came too late for these effects: the machine keeps the latest only. */
export interface EffectGap {
  readonly kind: 'gap';
  /** The first that was missed. */
  readonly from: number;
  /** The last that was missed. */
  readonly to: number;
}

/**
 * The machine of this name is another one than before: the service was started anew, or the
 * machine was deleted and made again. Its effects follow, from number 1 on.
 */
export interface MachineReplaced {
  readonly kind: 'replaced';
}

export const effectFromProto = (effect: proto.Effect): Effect => ({
  kind: EFFECT_KINDS[effect.kind - 1] ?? 'unknown',
  sequence: Number(effect.sequence),
  op: Number(effect.op),
  dom: effect.dom,
  vcpu: effect.vcpu,
  port: effect.port,
  detail: effect.detail,
});

export function effectKindToProto(kind: EffectKind): proto.EffectKind {
  const index = EFFECT_KINDS.indexOf(kind as (typeof EFFECT_KINDS)[number]);
  if (index >= 0) return (index + 1) as proto.EffectKind;
  throw new TypeError(`"${kind}" is no kind of effect: choose of ${EFFECT_KINDS.join(', ')}`);
}
