import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { Port } from '../public/ids.ts';
import { POLL_PORTS_MAX } from '../public/limits.ts';
import type { Domain } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';
import { WOKEN_BY, endPoll, upcallMask, upcallPending } from './upcall.ts';
import { POLL_ANY } from './vcpu.ts';
import type { Vcpu } from './vcpu.ts';

/**
 * SCHEDOP_poll: puts the vCPU to sleep until one of `ports` is pending, masked or not, or until
 * system time `timeout` in ns (0: no timeout). Any upcall that becomes pending on the vCPU wakes
 * it too, and so does any port of its domain when it polls several. Answers whether it sleeps.
 *
 * - EINVAL: more than 128 ports.
 * - EINVAL: a port is not valid, not bound, or consumed by Xen; ports after one that is pending
 *   are not looked at. Where `ports` is shorter than `nrPorts`, the rest is port 0.
 */
export function schedPoll(
  xen: Hypervisor,
  caller: Domain,
  vcpu: Vcpu,
  args: { ports: readonly Port[]; nrPorts: number; timeout: number },
): Result<{ blocked: boolean }> {
  if (args.nrPorts > POLL_PORTS_MAX) return fail('EINVAL');
  const awake = { blocked: false };
  if (upcallPending(vcpu) && !upcallMask(caller, vcpu)) return ok(awake);
  for (let index = 0; index < args.nrPorts; index += 1) {
    const evtchn = caller.ports.get(args.ports[index] ?? 0);
    if (evtchn === undefined || !evtchn.usable) return fail('EINVAL');
    if (caller.abi.isPending(caller, evtchn)) return ok(awake);
  }
  if (args.timeout !== 0 && args.timeout <= xen.nowNs) return ok(awake);

  vcpu.pollPort = args.nrPorts === 1 ? args.ports[0]! : POLL_ANY;
  vcpu.pollDeadline = args.timeout;
  caller.pollers += 1;
  xen.effects.emit(EFFECT.blocked, caller.domid, vcpu.id, 0, args.nrPorts);
  return ok({ blocked: true });
}

/** The polls whose time has come end, the earliest first, then by domid and vCPU. */
export function expirePolls(xen: Hypervisor): void {
  const due: { domain: Domain; vcpu: Vcpu }[] = [];
  for (const domain of xen.domains.values()) {
    if (domain.pollers === 0) continue;
    for (const vcpu of domain.vcpus) {
      if (vcpu.pollPort === 0 || vcpu.pollDeadline === 0) continue;
      if (vcpu.pollDeadline <= xen.nowNs) due.push({ domain, vcpu });
    }
  }
  due.sort((a, b) => a.vcpu.pollDeadline - b.vcpu.pollDeadline || a.domain.domid - b.domain.domid);
  for (const { domain, vcpu } of due) endPoll(xen, domain, vcpu, WOKEN_BY.timeout);
}
