import { assert } from '../lib/assert.ts';
import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { Domid, Port } from '../public/ids.ts';
import { freePort } from './allocate.ts';
import type { Domain } from './domain.ts';
import type { Evtchn } from './evtchn.ts';
import { destroyFifo } from './fifo-setup.ts';
import type { Hypervisor } from './hypervisor.ts';
import { unbindPirq } from './pirq.ts';
import { virqOwner } from './virq.ts';

/**
 * EVTCHNOP_close: frees `port`. The other end of an interdomain channel becomes unbound, waits for
 * the domain that closed, and keeps its vCPU and its pending and mask bits.
 *
 * - EINVAL: `port` is not valid, or Xen consumes it.
 * - EINVAL: `port` is free or reserved.
 */
export function close(xen: Hypervisor, caller: Domain, args: { port: Port }): Result {
  const evtchn = caller.ports.get(args.port);
  if (evtchn === undefined || evtchn.xenConsumer) return fail('EINVAL');
  return closePort(xen, caller, evtchn);
}

/** Closes a port for whoever may: the guest, a reset, or Xen itself. EINVAL: it is not bound. */
export function closePort(xen: Hypervisor, domain: Domain, evtchn: Evtchn): Result {
  const { binding } = evtchn;
  switch (binding.state) {
    case 'free':
    case 'reserved':
      return fail('EINVAL');
    case 'pirq':
      unbindPirq(xen, domain, binding.pirq);
      break;
    case 'virq':
      forgetVirq(xen, domain, evtchn, binding.virq);
      break;
    case 'interdomain':
      leavePeer(xen, domain, evtchn, binding);
      break;
    case 'unbound':
    case 'ipi':
      break;
  }
  freePort(xen, domain, evtchn);
  return ok();
}

function forgetVirq(xen: Hypervisor, domain: Domain, evtchn: Evtchn, virq: number): void {
  const owner = virqOwner(xen, domain, virq, evtchn.notifyVcpu);
  assert(owner.virqToPort[virq] === evtchn.port, 'a VIRQ knows its port');
  owner.virqToPort[virq] = 0;
}

function leavePeer(
  xen: Hypervisor,
  domain: Domain,
  evtchn: Evtchn,
  { remote, peer }: { remote: Domain; peer: Evtchn },
): void {
  const back = peer.binding;
  assert(back.state === 'interdomain' && back.peer === evtchn, 'both ends know each other');
  remote.ports.bind(peer, { state: 'unbound', remoteDom: domain.domid });
  xen.effects.emit(EFFECT.peer_closed, remote.domid, peer.notifyVcpu, peer.port, domain.domid);
}

/**
 * EVTCHNOP_reset: closes every port of `dom` that Xen does not consume, and brings back the
 * 2-level ABI. Buckets stay valid; mask bits stay, and so do pending bits of unallocated ports.
 *
 * - ESRCH: there is no domain `dom`.
 * - EPERM: `dom` is not the caller, and the caller has no privilege over it.
 * - EINVAL: `dom` is not the caller, and the toolstack has not paused it.
 * - EBUSY: a reset of `dom` is in progress.
 * - ERESTART: preempted after `resetSlicePorts` ports; reset_cont goes on. Xen hides this from the
 *   guest, as it repeats the hypercall itself; machines are not preempted unless told to.
 */
export function reset(xen: Hypervisor, caller: Domain, args: { dom: Domid }): Result {
  return startReset(xen, caller, args.dom, false);
}

/** EVTCHNOP_reset_cont: goes on with a preempted reset. EBUSY where none is in progress. */
export function resetCont(xen: Hypervisor, caller: Domain, args: { dom: Domid }): Result {
  return startReset(xen, caller, args.dom, true);
}

function startReset(xen: Hypervisor, caller: Domain, dom: Domid, resuming: boolean): Result {
  const domain = xen.domainById(caller, dom);
  if (domain === undefined) return fail('ESRCH');
  if (!xen.policy.mayTarget(caller, domain)) return fail('EPERM');
  if (domain !== caller && domain.pauseCount === 0) return fail('EINVAL');
  if (resuming !== (domain.resetPort !== 0)) return fail('EBUSY');
  return resetPorts(xen, domain, resuming ? domain.resetPort : 1);
}

function resetPorts(xen: Hypervisor, domain: Domain, first: Port): Result {
  domain.resetPort = first;
  for (let port = first; port < domain.ports.validCount; port += 1) {
    if (domain.activePorts <= domain.xenPorts) break;
    const evtchn = domain.ports.get(port)!;
    if (!evtchn.xenConsumer) closePort(xen, domain, evtchn);
    if (mustPause(xen, first, port)) {
      domain.resetPort = port;
      return fail('ERESTART');
    }
  }
  domain.resetPort = 0;
  if (domain.activePorts > domain.xenPorts) return fail('EAGAIN');
  destroyFifo(xen, domain);
  return ok();
}

/** Xen looks at every 64th port whether something more urgent waits. */
function mustPause(xen: Hypervisor, first: Port, port: Port): boolean {
  if (xen.resetSlicePorts === 0 || (port & 63) !== 0) return false;
  return port - first >= xen.resetSlicePorts;
}
