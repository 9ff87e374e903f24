import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';
import { NR_VIRQS, VIRQ } from '../public/virq.ts';
import { allocatePort, bindPort } from './allocate.ts';
import { bury } from './bury.ts';
import type { Domain } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { Vcpu } from './vcpu.ts';

/** Each vCPU has its own; each domain has its own; or one for the host, sent to its handler. */
export type VirqClass = 'vcpu' | 'domain' | 'global';

const PER_VCPU: ReadonlySet<number> = new Set([VIRQ.TIMER, VIRQ.DEBUG, VIRQ.XENOPROF, VIRQ.XENPMU]);

export function virqClass(xen: Hypervisor, virq: number): VirqClass {
  if (PER_VCPU.has(virq)) return 'vcpu';
  return virq === VIRQ.ARGO && xen.behaviour.argoPerDomain ? 'domain' : 'global';
}

/** The domain that a global VIRQ is sent to: dom0 unless the toolstack chose another. */
const virqHandler = (xen: Hypervisor, virq: number): Domain | undefined =>
  xen.virqHandlers.get(virq) ?? xen.domains.get(0);

/**
 * EVTCHNOP_bind_virq: allocates a port for a VIRQ of `vcpu`. VIRQs that are not per-vCPU are
 * bound on vCPU 0, and bind_vcpu may move them afterwards.
 *
 * - EINVAL: there is no such VIRQ, or it is not per-vCPU and `vcpu` is not 0.
 * - ENOENT: the domain has no such vCPU.
 * - EBUSY: (from 4.21) the VIRQ is global and the domain is not its handler.
 * - EEXIST: the VIRQ is bound on this vCPU already.
 * - EINVAL: the domain is dying. ENOSPC: it has no free port left.
 */
export function bindVirq(
  xen: Hypervisor,
  caller: Domain,
  args: { virq: number; vcpu: VcpuId },
): Result<{ port: Port }> {
  if (args.virq >= NR_VIRQS) return fail('EINVAL');
  const kind = virqClass(xen, args.virq);
  if (kind !== 'vcpu' && args.vcpu !== 0) return fail('EINVAL');
  const vcpu = caller.vcpus[args.vcpu];
  if (vcpu === undefined) return fail('ENOENT');
  if (kind === 'global' && xen.behaviour.exclusiveGlobalVirqs) {
    if (virqHandler(xen, args.virq) !== caller) return fail('EBUSY');
  }
  if (vcpu.virqToPort[args.virq] !== 0) return fail('EEXIST');
  const allocated = allocatePort(caller);
  if (!allocated.ok) return allocated;

  const { port } = allocated.value;
  bindPort(xen, caller, allocated.value, { state: 'virq', virq: args.virq }, args.vcpu);
  vcpu.virqToPort[args.virq] = port;
  return ok({ port });
}

/** What remembers the port of a VIRQ: the vCPU for per-vCPU ones, otherwise vCPU 0. */
export function virqOwner(xen: Hypervisor, domain: Domain, virq: number, notify: VcpuId): Vcpu {
  return domain.vcpu(virqClass(xen, virq) === 'vcpu' ? notify : 0);
}

/**
 * Raises a VIRQ as the hardware or Xen does: per-vCPU ones on `vcpu` of `dom`, per-domain ones on
 * `dom`, global ones on their handler. One that is not bound is forgotten.
 *
 * - EINVAL: there is no such VIRQ.
 * - ESRCH: there is no domain `dom`; ENOENT: it has no such vCPU. Not checked for global VIRQs.
 */
export function raiseVirq(
  xen: Hypervisor,
  args: { dom: Domid; vcpu: VcpuId; virq: number },
): Result {
  if (args.virq >= NR_VIRQS) return fail('EINVAL');
  const kind = virqClass(xen, args.virq);
  if (kind === 'global') {
    raiseGlobalVirq(xen, args.virq);
    return ok();
  }
  const domain = xen.domains.get(args.dom);
  if (domain === undefined) return fail('ESRCH');
  const vcpu = domain.vcpus[kind === 'vcpu' ? args.vcpu : 0];
  if (vcpu === undefined) return fail('ENOENT');
  raiseOn(xen, domain, vcpu, args.virq);
  return ok();
}

/** Tells the handler of a global VIRQ. */
export function raiseGlobalVirq(xen: Hypervisor, virq: number): void {
  const handler = virqHandler(xen, virq);
  const vcpu = handler?.vcpus[0];
  if (handler !== undefined && vcpu !== undefined) raiseOn(xen, handler, vcpu, virq);
}

/** Debug key 'q': VIRQ_DEBUG to every vCPU of every domain. */
export function raiseDebug(xen: Hypervisor): Result {
  for (const domid of [...xen.domains.keys()].sort((a, b) => a - b)) {
    const domain = xen.domains.get(domid)!;
    for (const vcpu of domain.vcpus) raiseOn(xen, domain, vcpu, VIRQ.DEBUG);
  }
  return ok();
}

function raiseOn(xen: Hypervisor, domain: Domain, vcpu: Vcpu, virq: number): void {
  const port = vcpu.virqToPort[virq]!;
  if (port !== 0) xen.raise(domain, domain.ports.get(port)!);
}

/**
 * XEN_DOMCTL_set_virq_handler: sends a global VIRQ to `dom` from now on, until that domain dies.
 *
 * - ESRCH: there is no domain `dom`.
 * - EINVAL: there is no such VIRQ, or it is not global.
 * - EINVAL: (from 4.20) `dom` is dying.
 * - EBUSY: (from 4.21) another domain handles the VIRQ and has it bound.
 */
export function setVirqHandler(xen: Hypervisor, args: { dom: Domid; virq: number }): Result {
  const domain = xen.domains.get(args.dom);
  if (domain === undefined) return fail('ESRCH');
  if (args.virq >= NR_VIRQS) return fail('EINVAL');
  if (virqClass(xen, args.virq) !== 'global') return fail('EINVAL');
  if (xen.virqHandlers.get(args.virq) === domain) return ok();
  if (domain.life !== 'alive' && !xen.behaviour.dyingVirqHandler) return fail('EINVAL');
  if (xen.behaviour.exclusiveGlobalVirqs) {
    const handler = virqHandler(xen, args.virq);
    if (handler === domain) return ok();
    if (handler?.vcpus[0] && handler.vcpus[0].virqToPort[args.virq] !== 0) return fail('EBUSY');
  }
  const old = xen.virqHandlers.get(args.virq);
  xen.virqHandlers.set(args.virq, domain);
  if (old !== undefined) bury(xen, old); // It may have lived on for this VIRQ alone.
  return ok();
}
