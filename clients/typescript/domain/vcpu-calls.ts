import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { nanoseconds, pageFields } from '../page.ts';
import type { Nanoseconds, Page } from '../page.ts';
import { Hypercalls } from './hypercalls.ts';
import { portNumber } from './port.ts';
import type { PortNumber } from './port.ts';

/** What SCHEDOP_poll came to. */
export interface PollResult {
  /** The vCPU sleeps (only where the call did not wait). */
  readonly blocked: boolean;
  /** It slept; with `wait`, it has woken since. */
  readonly slept: boolean;
  /** What woke it was the timeout. */
  readonly timedOut: boolean;
}

/** SCHEDOP_poll and VCPUOP_* (public/sched.h, public/vcpu.h), made by one vCPU of a domain. */
export abstract class VcpuCalls extends Hypercalls {
  /**
   * SCHEDOP_poll: sleeps until one of up to 128 ports is pending (masked or not), an upcall of the
   * vCPU is due, or virtual time reaches `timeoutNs` (0, the default: never).
   *
   * With `wait` it answers when the vCPU wakes, however long that takes; otherwise at once, and
   * while `blocked`, the vCPU's calls are refused (CANNOT_RUN). When a waiting call breaks, the
   * vCPU sleeps on: `pollJoin` waits again.
   *
   * - EINVAL: more than 128 ports.
   * - EINVAL: a port is not valid, free, or consumed by Xen; ports after one that is pending are
   *   not looked at.
   */
  async schedPoll(args: {
    ports: readonly PortNumber[];
    timeoutNs?: Nanoseconds;
    wait?: boolean;
  }): Promise<PollResult> {
    const { wait = false, timeoutNs = 0 } = args;
    const ports = args.ports.map(portNumber);
    const request = { ports, timeout: nanoseconds(timeoutNs), wait };
    const { blocked, slept, timedOut } = await this.act(
      methods.schedPoll,
      request,
      wait ? 0 : undefined,
    );
    return { blocked, slept, timedOut };
  }

  /** Whether the vCPU sleeps in SCHEDOP_poll; with `wait`, answers when it no longer does. */
  async pollJoin({ wait = false } = {}): Promise<{ blocked: boolean }> {
    const { blocked } = await this.act(methods.pollJoin, { wait }, wait ? 0 : undefined);
    return { blocked };
  }

  /**
   * VCPUOP_register_vcpu_info: moves a vCPU's vcpu_info to `offset` bytes into a page. All its
   * selector bits and its upcall are set, so that nothing is lost.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - from 4.18: EINVAL: `offset` is 4096 or more; EBUSY: the vCPU has registered one; ENXIO: it
   *   would cross a page or is not aligned to a word; EINVAL: the page is not the caller's; EACCES:
   *   it is not writable.
   * - 4.17: ENXIO: it would cross a page or is not aligned to a word; EINVAL: the vCPU has
   *   registered one, or it runs and is not the one that calls; EINVAL: the page is not the
   *   caller's, or not writable.
   */
  async registerVcpuInfo(args: { page: Page; offset: number; vcpu: number }): Promise<void> {
    const { offset, vcpu } = args;
    await this.act(methods.registerVcpuInfo, { ...pageFields(args.page), offset, vcpu });
  }

  /**
   * VCPUOP_initialise (the first time) and VCPUOP_up: the vCPU may make hypercalls.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   * - EINVAL: (PV) it has no vcpu_info yet and was never initialised.
   */
  async vcpuUp(vcpu: number): Promise<void> {
    await this.act(methods.vcpuUp, { vcpu });
  }

  /**
   * VCPUOP_down. A vCPU that puts itself down makes no further hypercall.
   *
   * - ENOENT: the caller has no vCPU `vcpu`.
   */
  async vcpuDown(vcpu: number): Promise<void> {
    await this.act(methods.vcpuDown, { vcpu });
  }
}
