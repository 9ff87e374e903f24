import { DomainServiceService as toolstack } from '../../../proto/gen/evtchnd/v1/domain_service.ts';
import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type {
  ListVcpusRequest,
  ListVcpusResponse,
} from '../../../proto/gen/evtchnd/v1/domain_service.ts';
import type {
  ListPortsRequest,
  ListPortsResponse,
} from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { InterruptServiceService as guests } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { Driver } from '../driver/driver.ts';
import type { DriverOptions } from '../driver/driver.ts';
import { domainFromProto } from '../views/domain-view.ts';
import type { DomainView } from '../views/domain-view.ts';
import {
  fateFromProto,
  guestConfigToProto,
  guestFromProto,
  suspendModeFromProto,
  suspendModeToProto,
} from '../views/guest.ts';
import type { GuestOptions, GuestView } from '../views/guest.ts';
import { portFromProto } from '../views/port-view.ts';
import type { PortView } from '../views/port-view.ts';
import { vcpuFromProto } from '../views/vcpu-view.ts';
import type { VcpuView } from '../views/vcpu-view.ts';
import { watchUpcalls } from '../watch/upcalls.ts';
import type { Upcall, UpcallOptions } from '../watch/upcalls.ts';
import type { Wire } from '../wire/wire.ts';
import { Memory } from './memory.ts';
import type { SuspendOptions, SuspendResult } from './suspend.ts';
import { VcpuCalls } from './vcpu-calls.ts';
import { Vcpu } from './vcpu.ts';

/**
 * On whose behalf the toolstack acts: a domid, whose privilege Xen then checks first (EPERM), or
 * nobody (the default): the owner of the machine, who may do everything.
 */
export interface Toolstack {
  readonly caller?: number;
}

/**
 * A domain of a machine: its hypercalls (made by its vCPU 0), its memory, and what the toolstack
 * and the hardware do to it. The object is a name: that the domain exists shows when it is used.
 */
export class Domain extends VcpuCalls {
  /** Its shared pages. */
  readonly memory: Memory;

  constructor(wire: Wire, machine: string, dom: number) {
    super(wire, { machine, caller: dom, callerVcpu: 0 });
    this.memory = new Memory(wire, this.who);
  }

  /** One of its vCPUs, as the one that makes hypercalls. */
  vcpu(vcpu: number): Vcpu {
    return new Vcpu(this.wire, { ...this.who, callerVcpu: vcpu });
  }

  /** What the toolstack sees of it. RefusedError NO_DOMAIN: there is none. */
  async view(): Promise<DomainView> {
    const { domain } = await this.wire.read(toolstack.getDomain, this.#named);
    if (domain === undefined) throw new TypeError('the service told of no domain');
    return domainFromProto(domain);
  }

  /** Its ports that are not free, ascending, with their bits. It changes nothing. */
  async *ports(): AsyncGenerator<PortView, void, undefined> {
    let next: number | undefined = 0;
    while (next !== undefined) {
      const request: ListPortsRequest = { ...this.#named, fromPort: next, maxPorts: 0 };
      const page: ListPortsResponse = await this.wire.read(methods.listPorts, request);
      for (const port of page.ports) yield portFromProto(port);
      next = page.nextPort;
    }
  }

  /** Its vCPUs, ascending. It changes nothing. */
  async *vcpus(): AsyncGenerator<VcpuView, void, undefined> {
    let next: number | undefined = 0;
    while (next !== undefined) {
      const request: ListVcpusRequest = { ...this.#named, fromVcpu: next, maxVcpus: 0 };
      const page: ListVcpusResponse = await this.wire.read(toolstack.listVcpus, request);
      for (const vcpu of page.vcpus) yield vcpuFromProto(vcpu);
      next = page.nextVcpu;
    }
  }

  /**
   * An upcall whenever evtchn_upcall_pending of a vCPU goes from 0 to 1, and at the start one for
   * each vCPU that has it set. Upcalls of a vCPU coalesce, as the bit does: however slow the loop,
   * at most one waits for each. After a broken connection it goes on by itself, and tells again of
   * every vCPU whose bit is set. Leaving the loop ends the watch.
   *
   * RefusedError: NO_DOMAIN, also when the domain is destroyed; BAD_ARGUMENT, no such vCPU;
   * MACHINE_DELETED; LIMIT.
   */
  watchUpcalls(options: UpcallOptions = {}): AsyncGenerator<Upcall, void, undefined> {
    return watchUpcalls(this.wire, this.#named, options);
  }

  /**
   * XEN_DOMCTL_destroydomain. Ports of other domains that were bound to its ports become unbound
   * for a domain that is gone. A domain that is somebody's target stays as a dying one. Raises
   * VIRQ_DOM_EXC.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain.
   * - EINVAL: it is the caller.
   */
  async destroy(by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.destroyDomain, { ...this.#named, ...by });
  }

  /**
   * XEN_DOMCTL_pausedomain: it makes no hypercall until it was unpaused as often. Events still
   * reach its pages.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain.
   * - EINVAL: it is the caller.
   * - EOVERFLOW: it is paused 255 times.
   */
  async pause(by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.pauseDomain, { ...this.#named, ...by });
  }

  /**
   * XEN_DOMCTL_unpausedomain
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain.
   * - EINVAL: it is not paused.
   */
  async unpause(by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.unpauseDomain, { ...this.#named, ...by });
  }

  /**
   * XEN_DOMCTL_set_target: from now on this domain may act on `target`, as a device model may. It
   * cannot be undone, and the target does not vanish as long as this domain exists.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain, or no domain `target`.
   * - EINVAL: it is `target` itself.
   * - EOPNOTSUPP: `target` is not an HVM domain.
   * - EINVAL: it has a target already.
   */
  async setTarget(target: number, by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.setTarget, { ...this.#named, target, ...by });
  }

  /**
   * XEN_DOMCTL_set_virq_handler: the global VIRQ is sent to this domain from now on; to dom0 again
   * when it is destroyed.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain.
   * - EINVAL: there is no such VIRQ, or it is not global; from 4.20 on, the domain is dying.
   * - EBUSY: from 4.21 on, the present handler has it bound.
   */
  async setVirqHandler(virq: number, by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.setVirqHandler, { ...this.#named, virq, ...by });
  }

  /**
   * PHYSDEVOP_map_pirq and the permission to use it: the host's interrupt `irq` (0 to 23) becomes
   * `pirq` of this domain, so that it can bind it. Answers the pirq.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain.
   * - EINVAL: there is no such irq or pirq, or the pirq is mapped to another irq.
   */
  async mapPirq(args: { irq: number; pirq: number }, by: Toolstack = {}): Promise<number> {
    return (await this.wire.call(toolstack.mapPirq, { ...this.#named, ...args, ...by })).pirq;
  }

  /**
   * XEN_DMOP_create_ioreq_server: Xen allocates a port for each vCPU of this domain, unbound for
   * the caller (default: dom0); its consumer is Xen itself.
   *
   * - ESRCH: there is no such domain. EPERM: it is the caller.
   * - EINVAL: it is not an HVM domain.
   * - EPERM: the caller is neither privileged nor the device model of the domain.
   * - ENOSPC: it has its 8 ioreq servers.
   * - EINVAL: it is dying. ENOSPC: it has too few free ports.
   */
  async createIoreqServer(by: Toolstack = {}): Promise<void> {
    await this.wire.call(toolstack.createIoreqServer, { ...this.#named, ...by });
  }

  /**
   * Raises a VIRQ: per-vCPU ones on `vcpu` (default: 0), per-domain ones on this domain, global
   * ones on their handler. It succeeds whether or not somebody has bound it.
   *
   * - EINVAL: there is no VIRQ `virq`.
   * - ESRCH: there is no such domain, unless the VIRQ is global.
   * - ENOENT: it has no vCPU `vcpu`, if the VIRQ is per vCPU.
   */
  async raiseVirq(virq: number, vcpu = 0): Promise<void> {
    await this.wire.call(toolstack.raiseVirq, { ...this.#named, virq, vcpu });
  }

  /**
   * Raises a physical interrupt of this domain. One that is not bound is no error.
   *
   * - ESRCH: there is no such domain.
   */
  async raisePirq(pirq: number): Promise<void> {
    await this.wire.call(toolstack.raisePirq, { ...this.#named, pirq });
  }

  /**
   * Boots a kernel with FreeBSD's interrupt layer in this domain, which has none.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: there is no such domain. EEXIST: it has a kernel.
   * - RefusedError BAD_ARGUMENT: there is no such knob, or it has no such value.
   */
  async bootGuest(options: GuestOptions = {}, by: Toolstack = {}): Promise<void> {
    const config = guestConfigToProto(options);
    await this.wire.call(guests.bootGuest, { ...this.#named, config, ...by });
  }

  /** Its kernel. RefusedError NO_GUEST: it has none. */
  async guest(): Promise<GuestView> {
    const { guest } = await this.wire.read(guests.getGuest, this.#named);
    if (guest === undefined) throw new TypeError('the service told of no guest');
    return guestFromProto(guest);
  }

  /**
   * A driver of its guest, running here.
   *
   * RefusedError: NO_GUEST, it has no kernel; GUEST_ENDED; SESSION_TAKEN, the token is another
   * driver's; LIMIT.
   */
  attach(options: DriverOptions = {}): Promise<Driver> {
    return Driver.attach(this.wire, this.who.machine, this.dom, options);
  }

  /**
   * Suspends its guest, once its drivers are ready, and lets it go on as `mode` says. Where a
   * driver refuses, or is not ready in time, the result's mode is 'failed'.
   *
   * - EPERM: the caller is not privileged.
   * - ESRCH: it has no kernel. EBUSY: it is suspending already.
   * - EEXIST: there is another domain `newDom`.
   * - RefusedError GUEST_ENDED: the guest has ended by a fault.
   */
  async suspend(options: SuspendOptions = {}, by: Toolstack = {}): Promise<SuspendResult> {
    const { mode, newDom, precreate = 0, deadlineMs = 0 } = options;
    const fields = { mode: suspendModeToProto(mode), newDom, precreate, deadlineMs };
    const request = { ...this.#named, ...fields, ...by };
    const answer = await this.wire.call(toolstack.suspendDomain, request, 0);
    return {
      domain: new Domain(this.wire, this.who.machine, answer.dom),
      mode: suspendModeFromProto(answer.mode),
      handles: answer.handles.map(fateFromProto),
      notReady: answer.notReady,
    };
  }

  /**
   * Suspends its guest as `suspend` does, and answers its image ("evtchnd-domain/1"), for
   * Machine.restoreDomain. The domain is destroyed then, or with `leaveRunning` goes on.
   *
   * - Errnos and GUEST_ENDED as of `suspend`.
   * - RefusedError NOT_READY: a driver refused, or was not ready in time; LIMIT: it is too large.
   */
  async save(
    options: { leaveRunning?: boolean; deadlineMs?: number } = {},
    by: Toolstack = {},
  ): Promise<Uint8Array> {
    const request = { ...this.#named, leaveRunning: false, deadlineMs: 0, ...options, ...by };
    return (await this.wire.call(toolstack.saveDomain, request, 0)).image;
  }

  get #named(): { machine: string; dom: number } {
    return { machine: this.who.machine, dom: this.dom };
  }
}
