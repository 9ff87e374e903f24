import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { DOMID_FIRST_RESERVED } from '../public/ids.ts';
import type { Domid, VcpuId } from '../public/ids.ts';
import { HVM_VCPUS_MAX, VCPUS_MAX } from '../public/limits.ts';
import { isPv } from '../public/shared-info.ts';
import type { GuestKind } from '../public/shared-info.ts';
import { VIRQ } from '../public/virq.ts';
import { allocatePort, bindPort } from './allocate.ts';
import { bury } from './bury.ts';
import { closePort } from './close.ts';
import { Domain } from './domain.ts';
import type { DomainOptions } from './domain.ts';
import { destroyFifo } from './fifo-setup.ts';
import type { Hypervisor } from './hypervisor.ts';
import { raiseGlobalVirq } from './virq.ts';

/** MAX_NR_IOREQ_SERVERS of a domain. */
const IOREQ_SERVERS_MAX = 8;

/** Xen counts no more pauses of a domain than this. */
const PAUSE_COUNT_MAX = 255;

const vcpusMax = (guest: GuestKind): number => (isPv(guest) ? VCPUS_MAX : HVM_VCPUS_MAX);

/**
 * XEN_DOMCTL_createdomain and the builder's work: a domain with fresh, zeroed memory and no ports.
 * `dom` -1 takes the next free domid after the last one so taken.
 *
 * - EINVAL: `dom` is reserved; `vcpus` is 0 or more than a guest of this kind may have.
 * - EEXIST: there is a domain `dom`, or it is dying.
 */
export function createDomain(
  xen: Hypervisor,
  options: Omit<DomainOptions, 'domid'> & { dom: number; paused: boolean },
): Result<{ dom: Domid }> {
  if (options.dom >= DOMID_FIRST_RESERVED) return fail('EINVAL');
  if (options.vcpus < 1 || options.vcpus > vcpusMax(options.guest)) return fail('EINVAL');
  if (xen.domains.has(options.dom)) return fail('EEXIST');
  const domid = options.dom < 0 ? nextDomid(xen) : options.dom;
  const domain = new Domain({ ...options, domid }, xen.dummyVcpuInfo);
  if (options.paused) domain.pauseCount = 1;
  xen.domains.set(domid, domain);
  xen.effects.emit(EFFECT.domain_created, domid, 0, 0, options.vcpus);
  return ok({ dom: domid });
}

function nextDomid(xen: Hypervisor): Domid {
  let dom = xen.domidRover;
  do {
    dom = dom + 1 >= DOMID_FIRST_RESERVED ? 1 : dom + 1;
  } while (xen.domains.has(dom));
  xen.domidRover = dom;
  return dom;
}

/**
 * XEN_DOMCTL_destroydomain: closes all ports of `dom`, those of Xen too, so that peers fall back
 * to unbound; then VIRQ_DOM_EXC is raised. A domain that another one has as its target, or that
 * still handles a VIRQ, goes on to answer to its domid as a dying domain.
 *
 * - ESRCH: there is no domain `dom`.
 * - EINVAL: `dom` is the caller.
 */
export function destroyDomain(xen: Hypervisor, caller: Domain | undefined, dom: Domid): Result {
  const domain = xen.domains.get(dom);
  if (domain === undefined) return fail('ESRCH');
  if (domain === caller) return fail('EINVAL');
  if (domain.life === 'dying') return ok();

  domain.life = 'dying';
  for (let port = domain.ports.validCount - 1; port > 0; port -= 1) {
    closePort(xen, domain, domain.ports.get(port)!);
  }
  for (const [virq, handler] of xen.virqHandlers) {
    if (handler === domain) xen.virqHandlers.delete(virq);
  }
  destroyFifo(xen, domain);
  xen.effects.emit(EFFECT.domain_dying, dom, 0, 0, 0);
  bury(xen, domain);
  raiseGlobalVirq(xen, VIRQ.DOM_EXC);
  return ok();
}

/**
 * XEN_DOMCTL_pausedomain: `dom` executes nothing until as many unpauses came. Its ports go on.
 *
 * - ESRCH: there is no domain `dom`. EINVAL: `dom` is the caller. EOVERFLOW: 255 pauses are counted.
 */
export function pauseDomain(xen: Hypervisor, caller: Domain | undefined, dom: Domid): Result {
  const domain = xen.domains.get(dom);
  if (domain === undefined) return fail('ESRCH');
  if (domain === caller) return fail('EINVAL');
  if (domain.pauseCount >= PAUSE_COUNT_MAX) return fail('EOVERFLOW');
  domain.pauseCount += 1;
  xen.effects.emit(EFFECT.paused, dom, 0, 0, domain.pauseCount);
  return ok();
}

/**
 * XEN_DOMCTL_unpausedomain.
 *
 * - ESRCH: there is no domain `dom`. EINVAL: it is not paused.
 */
export function unpauseDomain(xen: Hypervisor, dom: Domid): Result {
  const domain = xen.domains.get(dom);
  if (domain === undefined) return fail('ESRCH');
  if (domain.pauseCount === 0) return fail('EINVAL');
  domain.pauseCount -= 1;
  xen.effects.emit(EFFECT.unpaused, dom, 0, 0, domain.pauseCount);
  return ok();
}

/**
 * XEN_DOMCTL_set_target: makes `dom` the device model of the HVM guest `target`, with privilege
 * over it, for as long as `dom` lives.
 *
 * - ESRCH: there is no domain `dom`, or no domain `target`.
 * - EINVAL: they are the same domain, or (to 4.21) `dom` has a target already.
 * - EOPNOTSUPP: `target` is not an HVM guest.
 * - EINVAL: `dom` has a target already.
 */
export function setTarget(xen: Hypervisor, args: { dom: Domid; target: Domid }): Result {
  const domain = xen.domains.get(args.dom);
  const target = xen.domains.get(args.target);
  if (domain === undefined || target === undefined) return fail('ESRCH');
  if (domain === target) return fail('EINVAL');
  const hasTarget = domain.target !== undefined;
  if (hasTarget && xen.behaviour.setTargetChecks === 'target') return fail('EINVAL');
  if (isPv(target.guest)) return fail('EOPNOTSUPP');
  if (hasTarget) return fail('EINVAL');
  domain.target = target;
  return ok();
}

/**
 * XEN_DMOP_create_ioreq_server by the device model `caller`: Xen allocates a port of the HVM guest
 * `dom` for each of its vCPUs. Xen consumes their events; the caller may bind to them.
 *
 * - ESRCH: there is no domain `dom`. EPERM: it is the caller.
 * - EINVAL: `dom` is not an HVM guest.
 * - EPERM: the caller is neither privileged nor the device model of `dom`.
 * - ENOSPC: it has its 8 ioreq servers.
 * - EINVAL: it is dying. ENOSPC: it has too few free ports; those allocated are freed again.
 */
export function createIoreqServer(xen: Hypervisor, caller: Domain, dom: Domid): Result {
  const domain = xen.domains.get(dom);
  if (domain === undefined) return fail('ESRCH');
  if (domain === caller) return fail('EPERM');
  if (isPv(domain.guest)) return fail('EINVAL');
  if (!xen.policy.mayModel(caller, domain)) return fail('EPERM');
  if (domain.ioreqServers >= IOREQ_SERVERS_MAX) return fail('ENOSPC');

  const allocated: number[] = [];
  for (const vcpu of domain.vcpus) {
    const result = allocXenPort(xen, domain, vcpu.id, caller.domid);
    if (!result.ok) {
      for (const port of allocated) closePort(xen, domain, domain.ports.get(port)!);
      return result;
    }
    allocated.push(result.value);
  }
  domain.ioreqServers += 1;
  return ok();
}

/** A port that waits for `remoteDom`, and whose events Xen consumes on behalf of `vcpu`. */
function allocXenPort(
  xen: Hypervisor,
  domain: Domain,
  vcpu: VcpuId,
  remoteDom: Domid,
): Result<number> {
  const allocated = allocatePort(domain);
  if (!allocated.ok) return allocated;
  const evtchn = allocated.value;
  evtchn.xenConsumer = true;
  domain.xenPorts += 1;
  bindPort(xen, domain, evtchn, { state: 'unbound', remoteDom }, vcpu);
  return ok(evtchn.port);
}
