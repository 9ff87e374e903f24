import type { Result } from '../public/errno.ts';
import type { Domain } from './domain.ts';
import type { Evtchn } from './evtchn.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { Vcpu } from './vcpu.ts';

/**
 * What an event-channel ABI does with one port: Xen's `evtchn_port_ops`. The 2-level and the FIFO
 * ABI implement it. Only usable ports come here (see Evtchn.usable), but for isBusy.
 */
export interface PortAbi {
  readonly name: '2l' | 'fifo';
  /** Ports that the ABI can number in this domain. */
  portsMax(domain: Domain): number;
  /** The port was just given a binding. */
  init(evtchn: Evtchn): void;
  /** Makes the port pending and, unless it is masked, asks for an upcall on `vcpu`. */
  setPending(xen: Hypervisor, domain: Domain, vcpu: Vcpu, evtchn: Evtchn): void;
  clearPending(domain: Domain, evtchn: Evtchn): void;
  /** Lets the port deliver again, and asks for the upcall that it owes. */
  unmask(xen: Hypervisor, domain: Domain, evtchn: Evtchn): void;
  isPending(domain: Domain, evtchn: Evtchn): boolean;
  isMasked(domain: Domain, evtchn: Evtchn): boolean;
  /** Whether a free port cannot be handed out yet, because the guest still has it in a queue. */
  isBusy(domain: Domain, evtchn: Evtchn): boolean;
  setPriority(evtchn: Evtchn, priority: number): Result;
}
