import type { EffectSink } from '../public/effect.ts';
import { DOMID_SELF } from '../public/ids.ts';
import type { Domid } from '../public/ids.ts';
import type { Domain } from './domain.ts';
import type { Evtchn } from './evtchn.ts';
import { GuestMemory } from './guest-memory.ts';
import { DUMMY_POLICY } from './policy.ts';
import type { Policy } from './policy.ts';
import { BEHAVIOUR } from '../public/versions.ts';
import type { Behaviour, XenVersion } from '../public/versions.ts';

/** Who shares an IRQ of the host. */
export interface IrqAction {
  readonly shareable: boolean;
  readonly guests: Set<Domain>;
}

/** The state of one Xen host that belongs to no domain. Its operations are the functions beside. */
export class Hypervisor {
  readonly behaviour: Behaviour;
  readonly effects: EffectSink;
  readonly policy: Policy;
  /** A reset closes this many ports at a stretch; 0: all of them. */
  readonly resetSlicePorts: number;
  /** Every domain that answers to its domid, dying ones included. */
  readonly domains = new Map<Domid, Domain>();
  /** Global VIRQ → its handler, where that is not dom0. */
  readonly virqHandlers = new Map<number, Domain>();
  /** Host IRQ → the guests that it is bound to. */
  readonly irqs = new Map<number, IrqAction>();
  /** vCPUs that have no vcpu_info yet share this one, and never see it. */
  readonly dummyVcpuInfo = new GuestMemory(0);
  /** System time. */
  nowNs = 0;
  /** Where the search for a free domid goes on. */
  domidRover: Domid = 0;

  constructor(
    xen: XenVersion,
    effects: EffectSink,
    options: { policy?: Policy; resetSlicePorts?: number } = {},
  ) {
    this.behaviour = BEHAVIOUR[xen];
    this.effects = effects;
    this.policy = options.policy ?? DUMMY_POLICY;
    this.resetSlicePorts = options.resetSlicePorts ?? 0;
  }

  /** The domain that `dom` names for `caller`: DOMID_SELF is the caller; others by their id. */
  domainById(caller: Domain, dom: Domid): Domain | undefined {
    return dom === DOMID_SELF ? caller : this.domains.get(dom);
  }

  /** Makes a port pending on the vCPU that it notifies, if a guest can use it. */
  raise(domain: Domain, evtchn: Evtchn): void {
    if (!evtchn.usable) return;
    domain.abi.setPending(this, domain, domain.vcpu(evtchn.notifyVcpu), evtchn);
  }
}
