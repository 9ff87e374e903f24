import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { BIND_PIRQ_WILL_SHARE } from '../public/event-channel.ts';
import type { Domid, Port } from '../public/ids.ts';
import { EXTRA_DOM0_PIRQS, EXTRA_DOMU_PIRQS, NR_GSIS } from '../public/limits.ts';
import { isPv } from '../public/shared-info.ts';
import { allocatePort, bindPort } from './allocate.ts';
import type { Domain, Pirq } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';

/** irq-max-guests=: how many guests may share an IRQ of the host. */
const IRQ_MAX_GUESTS = 32;

/** PIRQ numbers that exist for a domain. arm64 has no PIRQs. */
function pirqCount(domain: Domain): number {
  if (domain.guest === 'arm64') return 0;
  return NR_GSIS + (domain.privileged ? EXTRA_DOM0_PIRQS : EXTRA_DOMU_PIRQS);
}

/**
 * EVTCHNOP_bind_pirq: allocates a port for a PIRQ. A PV guest takes the host's IRQ with it, alone
 * unless all who bind it say BIND_PIRQ__WILL_SHARE; an HVM guest only names an emulated line.
 *
 * - EOPNOTSUPP: (from 4.19, EINVAL before) the architecture has no PIRQs.
 * - EINVAL: there is no such PIRQ.
 * - EPERM: (PV) no IRQ of the host is mapped to it, or the domain has no access to that IRQ.
 * - EEXIST: the PIRQ is bound already.
 * - EINVAL: the domain is dying. ENOSPC: it has no free port left.
 * - EBUSY: (PV) another guest has the IRQ, and one of the two does not share.
 */
export function bindPirq(
  xen: Hypervisor,
  caller: Domain,
  args: { pirq: number; flags: number },
): Result<{ port: Port }> {
  if (caller.guest === 'arm64') return fail(xen.behaviour.bindPirqWithoutPirqs);
  if (args.pirq >= pirqCount(caller)) return fail('EINVAL');
  const pv = isPv(caller.guest);
  const pirq = caller.pirqs.get(args.pirq);
  if (pv && pirq?.irq === undefined) return fail('EPERM');
  if (pirq !== undefined && pirq.port !== 0) return fail('EEXIST');
  const allocated = allocatePort(caller);
  if (!allocated.ok) return allocated;
  if (pv) {
    const taken = takeIrq(xen, caller, pirq?.irq, (args.flags & BIND_PIRQ_WILL_SHARE) !== 0);
    if (!taken.ok) return taken;
  }
  const { port } = allocated.value;
  caller.pirqs.set(args.pirq, { irq: pirq?.irq, port });
  bindPort(xen, caller, allocated.value, { state: 'pirq', pirq: args.pirq }, 0);
  return ok({ port });
}

function takeIrq(
  xen: Hypervisor,
  domain: Domain,
  irq: number | undefined,
  willShare: boolean,
): Result {
  if (irq === undefined) return fail('EINVAL');
  const action = xen.irqs.get(irq);
  if (action === undefined) {
    xen.irqs.set(irq, { shareable: willShare, guests: new Set([domain]) });
    return ok();
  }
  if (!willShare || !action.shareable) return fail('EBUSY');
  if (action.guests.size >= IRQ_MAX_GUESTS) return fail('EBUSY');
  action.guests.add(domain);
  return ok();
}

/** The port of a PIRQ was closed: the host's IRQ goes back. */
export function unbindPirq(xen: Hypervisor, domain: Domain, number: number): void {
  const pirq = domain.pirqs.get(number)!;
  pirq.port = 0;
  if (pirq.irq === undefined) {
    domain.pirqs.delete(number);
    return;
  }
  const action = xen.irqs.get(pirq.irq);
  action?.guests.delete(domain);
  if (action?.guests.size === 0) xen.irqs.delete(pirq.irq);
}

/**
 * PHYSDEVOP_map_pirq by the toolstack, with the permissions that go with it: maps `irq` of the
 * host to `pirq` of `dom`.
 *
 * - ESRCH: there is no domain `dom`.
 * - EINVAL: there is no such IRQ, and none is 0.
 * - EEXIST: the IRQ is mapped to another PIRQ of the domain.
 * - EINVAL: there is no such PIRQ, or it is mapped to another IRQ (Xen answers 0, and maps nothing).
 */
export function mapPirq(
  xen: Hypervisor,
  args: { dom: Domid; irq: number; pirq: number },
): Result<{ pirq: number }> {
  const domain = xen.domains.get(args.dom);
  if (domain === undefined) return fail('ESRCH');
  if (args.irq === 0 || args.irq >= NR_GSIS) return fail('EINVAL');
  for (const [pirq, { irq }] of domain.pirqs) {
    if (irq === args.irq && pirq !== args.pirq) return fail('EEXIST');
  }
  if (args.pirq >= pirqCount(domain)) return fail('EINVAL');
  const old: Pirq | undefined = domain.pirqs.get(args.pirq);
  if (old?.irq !== undefined && old.irq !== args.irq) return fail('EINVAL');
  domain.pirqs.set(args.pirq, { irq: args.irq, port: old?.port ?? 0 });
  return ok({ pirq: args.pirq });
}

/**
 * An interrupt of the host arrives for `pirq` of `dom`. One that is not bound is forgotten.
 *
 * - ESRCH: there is no domain `dom`.
 */
export function raisePirq(xen: Hypervisor, args: { dom: Domid; pirq: number }): Result {
  const domain = xen.domains.get(args.dom);
  if (domain === undefined) return fail('ESRCH');
  const port = domain.pirqs.get(args.pirq)?.port ?? 0;
  if (port !== 0) xen.raise(domain, domain.ports.get(port)!);
  return ok();
}
