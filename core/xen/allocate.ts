import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { EVTCHNSTAT } from '../public/event-channel.ts';
import type { VcpuId } from '../public/ids.ts';
import type { Domain } from './domain.ts';
import { FREE } from './evtchn.ts';
import type { Binding, Evtchn } from './evtchn.ts';
import type { Hypervisor } from './hypervisor.ts';

/**
 * The lowest free port, not yet bound. A bucket that had to be added stays, even if the call that
 * asked for the port fails later.
 *
 * - EINVAL: the domain is dying.
 * - ENOSPC: every port up to max_evtchn_port, or that the ABI can number, is taken or busy.
 */
export function allocatePort(domain: Domain): Result<Evtchn> {
  if (domain.life !== 'alive') return fail('EINVAL');
  const portsMax = Math.min(domain.portsMax, domain.maxEvtchnPort + 1);
  const { ports } = domain;

  let port = ports.nextFree(0);
  while (port >= 0 && port < portsMax && domain.abi.isBusy(domain, ports.get(port)!)) {
    port = ports.nextFree(port + 1);
  }
  if (port < 0) {
    port = ports.validCount;
    if (port < portsMax) ports.growTo(port);
  }
  if (port >= portsMax) return fail('ENOSPC');
  return ok(ports.get(port)!);
}

/** Gives a free port its binding. */
export function bindPort(
  xen: Hypervisor,
  domain: Domain,
  evtchn: Evtchn,
  binding: Exclude<Binding, { state: 'free' | 'reserved' }>,
  notifyVcpu: VcpuId,
): void {
  domain.ports.bind(evtchn, binding);
  evtchn.notifyVcpu = notifyVcpu;
  domain.activePorts += 1;
  if (!evtchn.xenConsumer) domain.abi.init(evtchn);
  const { state } = binding;
  xen.effects.emit(EFFECT.bound, domain.domid, notifyVcpu, evtchn.port, EVTCHNSTAT[state]);
}

/** Makes a port free again. Its pending bit is cleared, lest the next owner see an old event. */
export function freePort(xen: Hypervisor, domain: Domain, evtchn: Evtchn): void {
  const { state } = evtchn.binding;
  if (evtchn.usable) domain.abi.clearPending(domain, evtchn);
  if (evtchn.xenConsumer) domain.xenPorts -= 1;
  domain.activePorts -= 1;
  domain.ports.bind(evtchn, FREE);
  evtchn.notifyVcpu = 0;
  evtchn.xenConsumer = false;
  const detail = state === 'free' || state === 'reserved' ? EVTCHNSTAT.closed : EVTCHNSTAT[state];
  xen.effects.emit(EFFECT.closed, domain.domid, 0, evtchn.port, detail);
}
