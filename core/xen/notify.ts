import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { EVTCHNSTAT } from '../public/event-channel.ts';
import type { EvtchnState, PortStatus } from '../public/event-channel.ts';
import type { Domid, Port } from '../public/ids.ts';
import type { Domain } from './domain.ts';
import { DROPPED } from './event-fifo.ts';
import type { Evtchn } from './evtchn.ts';
import type { Hypervisor } from './hypervisor.ts';

/**
 * EVTCHNOP_send: notifies the other end of `port`, or the vCPU of an IPI. On an unbound port it
 * succeeds and is dropped: the peer is told when it binds.
 *
 * - EINVAL: `port` is not valid, or Xen consumes it.
 * - EPERM: the policy forbids it (Xen's default policy never does).
 * - EINVAL: `port` is free, or its kind is not sent on (VIRQ, PIRQ).
 */
export function send(xen: Hypervisor, caller: Domain, args: { port: Port }): Result {
  const evtchn = caller.ports.get(args.port);
  if (evtchn === undefined || evtchn.xenConsumer) return fail('EINVAL');
  if (!xen.policy.maySend(caller)) return fail('EPERM');
  const { binding } = evtchn;
  switch (binding.state) {
    case 'interdomain':
      notifyPeer(xen, binding.remote, binding.peer);
      return ok();
    case 'ipi':
      xen.raise(caller, evtchn);
      return ok();
    case 'unbound':
      xen.effects.emit(EFFECT.dropped, caller.domid, 0, args.port, DROPPED.unbound);
      return ok();
    default:
      return fail('EINVAL');
  }
}

function notifyPeer(xen: Hypervisor, remote: Domain, peer: Evtchn): void {
  if (peer.xenConsumer) {
    xen.effects.emit(EFFECT.xen_notified, remote.domid, peer.notifyVcpu, peer.port, 0);
  } else {
    xen.raise(remote, peer);
  }
}

/**
 * EVTCHNOP_unmask: clears the mask of `port` and asks for the upcall that it owes. On a port that
 * is valid but not bound it succeeds and changes nothing, not even the mask.
 *
 * - EINVAL: `port` is not valid.
 */
export function unmask(xen: Hypervisor, caller: Domain, args: { port: Port }): Result {
  const evtchn = caller.ports.get(args.port);
  if (evtchn === undefined) return fail('EINVAL');
  if (!evtchn.usable) return ok();
  xen.effects.emit(EFFECT.unmasked, caller.domid, evtchn.notifyVcpu, args.port, 0);
  caller.abi.unmask(xen, caller, evtchn);
  return ok();
}

/**
 * EVTCHNOP_set_priority: the queue of the port's next events, 0 (most urgent) to 15.
 *
 * - EINVAL: `port` is not valid.
 * - ENOSYS: the ABI is 2-level.
 * - EACCES: `port` is not bound, or Xen consumes it.
 * - EINVAL: `priority` is above 15.
 */
export function setPriority(
  _xen: Hypervisor,
  caller: Domain,
  args: { port: Port; priority: number },
): Result {
  const evtchn = caller.ports.get(args.port);
  if (evtchn === undefined) return fail('EINVAL');
  if (caller.abi.name === 'fifo' && !evtchn.usable) return fail('EACCES');
  return caller.abi.setPriority(evtchn, args.priority);
}

/**
 * EVTCHNOP_status: what `port` of `dom` is bound to. Port 0 is closed.
 *
 * - ESRCH: there is no domain `dom`.
 * - EINVAL: `port` is not valid.
 * - EACCES: (to 4.18) Xen consumes the port.
 * - EPERM: `dom` is not the caller, and the caller has no privilege over it.
 */
export function status(
  xen: Hypervisor,
  caller: Domain,
  args: { dom: Domid; port: Port },
): Result<PortStatus> {
  const domain = xen.domainById(caller, args.dom);
  if (domain === undefined) return fail('ESRCH');
  const evtchn = domain.ports.get(args.port);
  if (evtchn === undefined) return fail('EINVAL');
  if (evtchn.xenConsumer && xen.behaviour.statusOfXenPorts === 'EACCES') return fail('EACCES');
  if (!xen.policy.mayTarget(caller, domain)) return fail('EPERM');
  return ok(describe(evtchn));
}

function describe({ binding, notifyVcpu: vcpu }: Evtchn): PortStatus {
  const of = (state: EvtchnState): PortStatus => ({ status: EVTCHNSTAT[state], state, vcpu });
  switch (binding.state) {
    case 'free':
    case 'reserved':
      return of('closed');
    case 'unbound':
      return { ...of('unbound'), remoteDom: binding.remoteDom };
    case 'interdomain': {
      const { remote, peer } = binding;
      return { ...of('interdomain'), remoteDom: remote.domid, remotePort: peer.port };
    }
    case 'pirq':
      return { ...of('pirq'), pirq: binding.pirq };
    case 'virq':
      return { ...of('virq'), virq: binding.virq };
    case 'ipi':
      return of('ipi');
  }
}
