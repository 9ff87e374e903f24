import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { DOMID_SELF } from '../constants.ts';
import { pageFields } from '../page.ts';
import type { Page } from '../page.ts';
import { statusFromProto } from '../views/port-view.ts';
import type { PortStatus } from '../views/port-view.ts';
import { Guest } from './guest.ts';
import { Port, portNumber } from './port.ts';
import type { PortNumber } from './port.ts';

/**
 * EVTCHNOP_* (public/event_channel.h), made by one vCPU of a domain. Each throws XenError with the
 * errnos listed, in the order in which Xen checks, RefusedError where no guest could have made the
 * call (NO_CALLER, CANNOT_RUN, …), and ConnectionError.
 */
export abstract class Hypercalls extends Guest {
  /** A port of this domain, which need not exist. */
  port(number: number): Port {
    return new Port(this, number);
  }

  /**
   * EVTCHNOP_alloc_unbound: allocates the lowest free port of `dom` (default: the caller itself),
   * which `remoteDom` may bind. A remote domain that does not exist (yet) is accepted. The answer
   * is a port of `dom`; operations on it act as this domain all the same.
   *
   * - ESRCH: there is no domain `dom`.
   * - EINVAL: `dom` is dying.
   * - ENOSPC: `dom` has no free port left under max_evtchn_port and its ABI.
   * - EPERM: `dom` is not the caller, and the caller has no privilege over it.
   */
  async allocUnbound(args: { remoteDom: number; dom?: number }): Promise<Port> {
    const { port } = await this.act(methods.allocUnbound, { dom: DOMID_SELF, ...args });
    return this.port(port);
  }

  /**
   * EVTCHNOP_bind_interdomain: allocates the caller's lowest free port and joins it to
   * `remotePort`, which must be unbound for the caller. Answers the local port, which is pending at
   * once: sends to the unbound port may have been lost.
   *
   * - ESRCH: there is no domain `remoteDom`.
   * - ENOSPC: the caller has no free port left.
   * - EINVAL: `remoteDom` has no such port, or it is not unbound, or not for the caller.
   */
  async bindInterdomain(args: { remoteDom: number; remotePort: PortNumber }): Promise<Port> {
    const remotePort = portNumber(args.remotePort);
    const { localPort } = await this.act(methods.bindInterdomain, { ...args, remotePort });
    return this.port(localPort);
  }

  /**
   * EVTCHNOP_bind_virq: allocates a port for a VIRQ. Per-vCPU VIRQs (TIMER, DEBUG, XENOPROF,
   * XENPMU) may be bound once on each vCPU, the others once, on vCPU 0 (the default).
   *
   * - EINVAL: there is no VIRQ `virq`, or it is not per vCPU and `vcpu` is not 0.
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - EBUSY: from 4.21 on, it is global and the caller is not its handler.
   * - EEXIST: it is bound there already.
   * - ENOSPC: no free port left.
   */
  async bindVirq(args: { virq: number; vcpu?: number }): Promise<Port> {
    const { port } = await this.act(methods.bindVirq, { vcpu: 0, ...args });
    return this.port(port);
  }

  /**
   * EVTCHNOP_bind_pirq: allocates a port for a physical interrupt that the domain was given. It
   * notifies vCPU 0. `flags`: BIND_PIRQ_WILL_SHARE or 0 (the default).
   *
   * - EOPNOTSUPP: arm64 has no PIRQs (EINVAL before 4.21).
   * - EINVAL: there is no PIRQ `pirq`.
   * - EPERM: a PV domain was not given it (Domain.mapPirq).
   * - EEXIST: it is bound already.
   * - ENOSPC: no free port left.
   * - EINVAL: (PV) no interrupt of the host is mapped to it.
   * - EBUSY: (PV) another guest has the interrupt, and one of the two does not share it.
   */
  async bindPirq(args: { pirq: number; flags?: number }): Promise<Port> {
    const { port } = await this.act(methods.bindPirq, { flags: 0, ...args });
    return this.port(port);
  }

  /**
   * EVTCHNOP_bind_ipi: allocates a port on which the domain notifies its own `vcpu`.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - ENOSPC: no free port left.
   */
  async bindIpi(args: { vcpu: number }): Promise<Port> {
    const { port } = await this.act(methods.bindIpi, args);
    return this.port(port);
  }

  /**
   * EVTCHNOP_bind_vcpu: from now on events of the port notify `vcpu`. An event that is pending
   * stays where it is.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - EINVAL: no such port; Xen consumes it; it is free; it is an IPI or a per-vCPU VIRQ.
   */
  async bindVcpu(port: PortNumber, vcpu: number): Promise<void> {
    await this.act(methods.bindVcpu, { port: portNumber(port), vcpu });
  }

  /**
   * EVTCHNOP_close: frees the port. The far end of an interdomain channel becomes unbound for the
   * caller. An event that is pending is cleared; FIFO: one that is LINKED keeps the port from being
   * allocated again until the guest has unlinked it.
   *
   * - EINVAL: no such port; Xen consumes it; it is free or reserved.
   */
  async close(port: PortNumber): Promise<void> {
    await this.act(methods.close, { port: portNumber(port) });
  }

  /**
   * EVTCHNOP_send: makes the far end of an interdomain channel pending, or an IPI port itself. On
   * an unbound port it succeeds and does nothing. It answers nothing about delivery: events
   * coalesce, pending is one bit.
   *
   * - EINVAL: no such port; Xen consumes it; it is free, reserved, a VIRQ or a PIRQ.
   */
  async send(port: PortNumber): Promise<void> {
    await this.act(methods.send, { port: portNumber(port) });
  }

  /**
   * EVTCHNOP_unmask: clears the mask, and notifies the vCPU if the port is pending. On a free port
   * it succeeds and does nothing.
   *
   * - EINVAL: no such port.
   */
  async unmask(port: PortNumber): Promise<void> {
    await this.act(methods.unmask, { port: portNumber(port) });
  }

  /**
   * EVTCHNOP_status: what a port of `dom` (default: the caller itself) is bound to.
   *
   * - ESRCH: there is no domain `dom`.
   * - EINVAL: it has no such port.
   * - EACCES: before 4.19, Xen consumes it.
   * - EPERM: `dom` is not the caller, and the caller has no privilege over it; from 4.19 on, Xen
   *   consumes the port and the caller is not privileged.
   */
  async status(port: PortNumber, dom: number = DOMID_SELF): Promise<PortStatus> {
    const { status } = await this.act(methods.status, { dom, port: portNumber(port) });
    return statusFromProto(status);
  }

  /**
   * EVTCHNOP_reset: closes all ports of `dom` (default: the caller itself; ports that Xen consumes
   * stay), and brings it back to the 2-level ABI. Masks stay as they are. Where the machine
   * preempts resets, this goes on until it has ended.
   *
   * - ESRCH: there is no domain `dom`.
   * - EPERM: `dom` is not the caller, and the caller has no privilege over it.
   * - EINVAL: `dom` is not the caller and is not paused by the toolstack.
   * - EBUSY: another reset of `dom` was preempted and has not ended.
   */
  async reset(dom: number = DOMID_SELF): Promise<void> {
    await this.act(methods.reset, { dom });
  }

  /**
   * EVTCHNOP_init_control: gives the vCPU its FIFO control block, `offset` bytes into the page.
   * The first one switches the domain to the FIFO ABI. Answers the bits of a LINK field, 17.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - EINVAL: `offset` is above 4024 or not a multiple of 8; the vCPU has a control block; the
   *   page is not the caller's memory, or not writable.
   */
  async initControl(args: { page: Page; offset: number; vcpu: number }): Promise<number> {
    const { offset, vcpu } = args;
    const request = { ...pageFields(args.page), offset, vcpu };
    return (await this.act(methods.initControl, request)).linkBits;
  }

  /**
   * EVTCHNOP_expand_array: the page becomes the event words of the next 1024 ports. Events that
   * came before are raised now.
   *
   * - EOPNOTSUPP: the domain is not on the FIFO ABI.
   * - ENOSPC: it has all 128 pages.
   * - EINVAL: the page is not the caller's memory, or not writable.
   */
  async expandArray(page: Page): Promise<void> {
    await this.act(methods.expandArray, pageFields(page));
  }

  /**
   * EVTCHNOP_set_priority: the queue into which the port's next event goes, 0 (most urgent) to 15.
   *
   * - EINVAL: no such port.
   * - ENOSYS: the domain is on the 2-level ABI.
   * - EACCES: the port is free, or consumed by Xen.
   * - EINVAL: `priority` is above 15.
   */
  async setPriority(port: PortNumber, priority: number): Promise<void> {
    await this.act(methods.setPriority, { port: portNumber(port), priority });
  }

  /**
   * An EVTCHNOP number that Xen does not know, 15 or more.
   *
   * - ENOSYS: always.
   */
  async rawOp(cmd: number): Promise<void> {
    await this.act(methods.rawOp, { cmd });
  }
}
