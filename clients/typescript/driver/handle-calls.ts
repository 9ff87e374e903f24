import { InterruptServiceService as methods } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { Handler } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { Method, Wire } from '../wire/wire.ts';
import type { InterruptHandler } from './interrupts.ts';

/** What a bind gives: the handle, and its port. */
export interface Bound {
  readonly handle: number;
  readonly port: number;
}

/**
 * The functions of FreeBSD's xen/xen_intr.h, as a driver calls them. Each throws RefusedError
 * CANNOT_RUN where the guest has ended, is paused or a schedule holds it, and GUEST_ENDED where the
 * call itself has ended it. Errnos are the layer's, or those of the hypercall that failed.
 */
export abstract class HandleCalls {
  protected readonly wire: Wire;
  protected readonly machine: string;

  constructor(wire: Wire, machine: string) {
    this.wire = wire;
    this.machine = machine;
  }

  /** The domain that its guest runs in: another one after a real suspend. */
  abstract get dom(): number;

  /** Runs `handler` for interrupts of `handle`. */
  abstract on(handle: number, handler: InterruptHandler): () => void;

  protected abstract readonly handler: Handler;
  protected abstract forget(handle: number): void;

  /**
   * xen_intr_bind_local_port: handles the events of a port that exists already. Unbinding does not
   * close it.
   *
   * - EINVAL: (where `localPortCheck`) port 0, one out of range, or one that has a source.
   * - ENOSPC: no source is left.
   */
  bindLocalPort(args: { port: number }, handler?: InterruptHandler): Promise<Bound> {
    return this.#bind(methods.bindLocalPort, args, handler);
  }

  /**
   * xen_intr_alloc_and_bind_local_port: a new port that `remoteDom` may bind to.
   *
   * - ENOSPC: no port is left, or no source.
   */
  allocAndBindLocalPort(args: { remoteDom: number }, handler?: InterruptHandler): Promise<Bound> {
    return this.#bind(methods.allocAndBindLocalPort, args, handler);
  }

  /**
   * xen_intr_bind_remote_port: a new port, joined to `remotePort`. A first interrupt comes at once.
   *
   * - The errno of EVTCHNOP_bind_interdomain: ESRCH, ENOSPC, EINVAL. ENOSPC: no source is left.
   */
  bindRemotePort(
    args: { remoteDom: number; remotePort: number },
    handler?: InterruptHandler,
  ): Promise<Bound> {
    return this.#bind(methods.bindRemotePort, args, handler);
  }

  /**
   * xen_intr_bind_virq: a VIRQ on `cpu` (default: 0).
   *
   * - The errno of EVTCHNOP_bind_virq: EINVAL, ENOENT, EEXIST, EBUSY, ENOSPC. ENOSPC: no source.
   */
  bindVirq(args: { virq: number; cpu?: number }, handler?: InterruptHandler): Promise<Bound> {
    return this.#bind(methods.bindVirq, { cpu: 0, ...args }, handler);
  }

  /**
   * xen_intr_alloc_and_bind_ipi: an IPI to `cpu`.
   *
   * - The errno of EVTCHNOP_bind_ipi: ENOENT, ENOSPC. ENOSPC: no source is left.
   */
  allocAndBindIpi(args: { cpu: number }, handler?: InterruptHandler): Promise<Bound> {
    return this.#bind(methods.allocAndBindIpi, args, handler);
  }

  /** xen_intr_unbind: drops the handle's reference; with the last one the port goes, too. */
  async unbind(handle: number): Promise<void> {
    await this.#call(methods.unbind, { handle });
    this.forget(handle);
  }

  /** xen_intr_signal: EVTCHNOP_send on its port. What Xen answers is not told. */
  async signal(handle: number): Promise<void> {
    await this.#call(methods.signal, { handle });
  }

  /** xen_intr_port: its port; what the variant's "none" is, 0 or 4294967295, where it has none. */
  async port(handle: number): Promise<number> {
    return (await this.#call(methods.getPort, { handle })).port;
  }

  /** xen_intr_describe: a name for people, up to 255 bytes. EINVAL: the handle holds nothing. */
  async describe(handle: number, description: string): Promise<void> {
    await this.#call(methods.describe, { handle, description });
  }

  /** xen_intr_assign_cpu. EINVAL: the handle holds nothing, or has no port. */
  async assignCpu(handle: number, cpu: number): Promise<void> {
    await this.#call(methods.assignCpu, { handle, cpu });
  }

  /** xen_intr_get_evtchn_from_port: one more handle for a port. EINVAL: the port has no source. */
  async getEvtchnFromPort(port: number): Promise<number> {
    return (await this.#call(methods.getEvtchnFromPort, { port })).handle;
  }

  async #bind<Args extends object>(
    method: Method<Args & Who & { handler: Handler | undefined }, Bound>,
    args: Args,
    handler: InterruptHandler | undefined,
  ): Promise<Bound> {
    const bound = await this.#call(method, { ...args, handler: this.handler });
    if (handler !== undefined) this.on(bound.handle, handler);
    return bound;
  }

  #call<Args extends object, Response>(
    method: Method<Args & Who, Response>,
    args: Args,
  ): Promise<Response> {
    return this.wire.call(method, { machine: this.machine, dom: this.dom, ...args });
  }
}

interface Who {
  readonly machine: string;
  readonly dom: number;
}
