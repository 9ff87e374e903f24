import { assert } from '../lib/assert.ts';
import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { EVTCHNSTAT } from '../public/event-channel.ts';
import { DOMID_SELF } from '../public/ids.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';
import { allocatePort, bindPort } from './allocate.ts';
import type { Domain } from './domain.ts';
import { IPI } from './evtchn.ts';
import type { Hypervisor } from './hypervisor.ts';
import { virqClass } from './virq.ts';

/**
 * EVTCHNOP_alloc_unbound: allocates a port of `dom` that `remoteDom` may bind to. The remote
 * domain need not exist. DOMID_SELF as `remoteDom` means the caller, not `dom`.
 *
 * - ESRCH: there is no domain `dom`.
 * - EINVAL: `dom` is dying. ENOSPC: it has no free port left.
 * - EPERM: `dom` is not the caller, and the caller has no privilege over it.
 */
export function allocUnbound(
  xen: Hypervisor,
  caller: Domain,
  args: { dom: Domid; remoteDom: Domid },
): Result<{ port: Port }> {
  const domain = xen.domainById(caller, args.dom);
  if (domain === undefined) return fail('ESRCH');
  const allocated = allocatePort(domain);
  if (!allocated.ok) return allocated;
  if (!xen.policy.mayTarget(caller, domain)) return fail('EPERM');

  const remoteDom = args.remoteDom === DOMID_SELF ? caller.domid : args.remoteDom;
  bindPort(xen, domain, allocated.value, { state: 'unbound', remoteDom }, 0);
  return ok({ port: allocated.value.port });
}

/**
 * EVTCHNOP_bind_interdomain: joins a new port of the caller to `remotePort`, which must wait for
 * the caller. The local port starts pending, masked or not: a send may have come to the remote
 * port before anyone was there to hear it.
 *
 * - ESRCH: there is no domain `remoteDom`.
 * - EINVAL: the caller is dying. ENOSPC: it has no free port left.
 * - EINVAL: `remotePort` is not valid, not unbound, or waits for another domain.
 * - EPERM: the policy forbids it (Xen's default policy never does).
 */
export function bindInterdomain(
  xen: Hypervisor,
  caller: Domain,
  args: { remoteDom: Domid; remotePort: Port },
): Result<{ localPort: Port }> {
  const remote = xen.domainById(caller, args.remoteDom);
  if (remote === undefined) return fail('ESRCH');
  const allocated = allocatePort(caller);
  if (!allocated.ok) return allocated;
  const peer = remote.ports.get(args.remotePort);
  if (peer === undefined) return fail('EINVAL');
  if (peer.binding.state !== 'unbound') return fail('EINVAL');
  if (peer.binding.remoteDom !== caller.domid) return fail('EINVAL');
  if (!xen.policy.mayBind(caller, remote)) return fail('EPERM');

  const local = allocated.value;
  assert(local !== peer, 'a port never binds to itself');
  bindPort(xen, caller, local, { state: 'interdomain', remote, peer }, 0);
  remote.ports.bind(peer, { state: 'interdomain', remote: caller, peer: local });
  const { interdomain } = EVTCHNSTAT;
  xen.effects.emit(EFFECT.bound, remote.domid, peer.notifyVcpu, peer.port, interdomain);
  xen.raise(caller, local);
  return ok({ localPort: local.port });
}

/**
 * EVTCHNOP_bind_ipi: allocates a port on which the domain's vCPUs notify `vcpu`.
 *
 * - ENOENT: the domain has no such vCPU.
 * - EINVAL: the domain is dying. ENOSPC: it has no free port left.
 */
export function bindIpi(
  xen: Hypervisor,
  caller: Domain,
  args: { vcpu: VcpuId },
): Result<{ port: Port }> {
  if (caller.vcpus[args.vcpu] === undefined) return fail('ENOENT');
  const allocated = allocatePort(caller);
  if (!allocated.ok) return allocated;

  bindPort(xen, caller, allocated.value, IPI, args.vcpu);
  return ok({ port: allocated.value.port });
}

/**
 * EVTCHNOP_bind_vcpu: makes `port` notify `vcpu` from the next event on. An event that is pending
 * stays with the vCPU that was told.
 *
 * - ENOENT: the domain has no such vCPU.
 * - EINVAL: `port` is not valid, or Xen consumes it.
 * - EINVAL: `port` is free, or its kind is tied to a vCPU (IPIs and per-vCPU VIRQs).
 */
export function bindVcpu(
  xen: Hypervisor,
  caller: Domain,
  args: { port: Port; vcpu: VcpuId },
): Result {
  if (caller.vcpus[args.vcpu] === undefined) return fail('ENOENT');
  const evtchn = caller.ports.get(args.port);
  if (evtchn === undefined || evtchn.xenConsumer) return fail('EINVAL');
  const { binding } = evtchn;
  switch (binding.state) {
    case 'unbound':
    case 'interdomain':
    case 'pirq':
      break;
    case 'virq':
      if (virqClass(xen, binding.virq) === 'vcpu') return fail('EINVAL');
      break;
    default:
      return fail('EINVAL');
  }
  evtchn.notifyVcpu = args.vcpu;
  xen.effects.emit(EFFECT.moved, caller.domid, args.vcpu, args.port, 0);
  return ok();
}
