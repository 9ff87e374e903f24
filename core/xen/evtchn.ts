import type { Domid, Port, VcpuId } from '../public/ids.ts';
import { EVTCHN_FIFO_PRIORITY_DEFAULT } from '../public/fifo.ts';
import type { Domain } from './domain.ts';

/** What a port is bound to: Xen's ECS_* states, each with only the fields that it has. */
export type Binding =
  | { readonly state: 'free' }
  /** Port 0 of every domain. */
  | { readonly state: 'reserved' }
  /** Waits for `remoteDom` to bind; a closed interdomain peer leaves this behind. */
  | { readonly state: 'unbound'; readonly remoteDom: Domid }
  | { readonly state: 'interdomain'; readonly remote: Domain; readonly peer: Evtchn }
  | { readonly state: 'pirq'; readonly pirq: number }
  | { readonly state: 'virq'; readonly virq: number }
  | { readonly state: 'ipi' };

export const FREE: Binding = Object.freeze({ state: 'free' });
export const RESERVED: Binding = Object.freeze({ state: 'reserved' });
export const IPI = Object.freeze({ state: 'ipi' }) satisfies Binding;

/** One end of an event channel: `struct evtchn`. It outlives its bindings. */
export class Evtchn {
  readonly port: Port;
  binding: Binding = FREE;
  /** The vCPU that is told. */
  notifyVcpu: VcpuId = 0;
  /** Whether Xen itself consumes the events: the guest may neither send on it nor close it. */
  xenConsumer = false;

  // The rest belongs to the FIFO ABI, and stays when the port is closed or the domain is reset.
  priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
  /** An event came while the port had no event word. Xen never forgets it again. */
  latched = false;
  /** The queue the event was last linked to. */
  lastVcpu: VcpuId = 0;
  lastPriority = 0;

  constructor(port: Port) {
    this.port = port;
  }

  /** Whether a guest can use the port: neither free nor reserved nor consumed by Xen. */
  get usable(): boolean {
    return this.binding !== FREE && this.binding !== RESERVED && !this.xenConsumer;
  }
}
