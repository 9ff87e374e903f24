import type { PortStatus, PortView } from '../views/port-view.ts';

/** A port by its number, or as an object. */
export type PortNumber = number | { readonly number: number };

export const portNumber = (port: PortNumber): number =>
  typeof port === 'number' ? port : port.number;

/** What a port needs of the domain that has it, or of one of its vCPUs. */
interface PortOwner {
  readonly dom: number;
  send(port: PortNumber): Promise<void>;
  unmask(port: PortNumber): Promise<void>;
  close(port: PortNumber): Promise<void>;
  status(port: PortNumber): Promise<PortStatus>;
  bindVcpu(port: PortNumber, vcpu: number): Promise<void>;
  setPriority(port: PortNumber, priority: number): Promise<void>;
  portView(port: PortNumber): Promise<PortView | undefined>;
  setMask(port: PortNumber): Promise<void>;
  clearMask(port: PortNumber): Promise<void>;
  setPending(port: PortNumber): Promise<void>;
  clearPending(port: PortNumber): Promise<void>;
}

/**
 * A port of a domain. It is a name, not a lease: after `close` it may be allocated again, and this
 * object then speaks of that one, as a port number does in a guest.
 */
export class Port {
  /** evtchn_port_t. */
  readonly number: number;
  readonly #owner: PortOwner;

  constructor(owner: PortOwner, number: number) {
    this.#owner = owner;
    this.number = number;
  }

  /** The domain that has it. */
  get dom(): number {
    return this.#owner.dom;
  }

  /** EVTCHNOP_send: see Domain.send. */
  send(): Promise<void> {
    return this.#owner.send(this);
  }

  /** EVTCHNOP_unmask: see Domain.unmask. */
  unmask(): Promise<void> {
    return this.#owner.unmask(this);
  }

  /** EVTCHNOP_close: see Domain.close. */
  close(): Promise<void> {
    return this.#owner.close(this);
  }

  /** EVTCHNOP_status of the domain's own port: see Domain.status. */
  status(): Promise<PortStatus> {
    return this.#owner.status(this);
  }

  /** EVTCHNOP_bind_vcpu: see Domain.bindVcpu. */
  bindVcpu(vcpu: number): Promise<void> {
    return this.#owner.bindVcpu(this, vcpu);
  }

  /** EVTCHNOP_set_priority: see Domain.setPriority. */
  setPriority(priority: number): Promise<void> {
    return this.#owner.setPriority(this, priority);
  }

  /** Its binding and its bits; undefined: it is free. No hypercall, and it changes nothing. */
  view(): Promise<PortView | undefined> {
    return this.#owner.portView(this);
  }

  /** Sets its bit of evtchn_mask in shared_info (2-level ABI). Xen is not told. */
  setMask(): Promise<void> {
    return this.#owner.setMask(this);
  }

  /** Clears its bit of evtchn_mask; unlike `unmask` it brings no event that waits. */
  clearMask(): Promise<void> {
    return this.#owner.clearMask(this);
  }

  /** Sets its bit of evtchn_pending in shared_info (2-level ABI). Notifies nobody. */
  setPending(): Promise<void> {
    return this.#owner.setPending(this);
  }

  /** Clears its bit of evtchn_pending, as a kernel does that takes the event. */
  clearPending(): Promise<void> {
    return this.#owner.clearPending(this);
  }

  toString(): string {
    return `port ${this.number} of domain ${this.dom}`;
  }
}
