import { InvariantViolation } from '../lib/assert.ts';
import type { Domain } from '../xen/domain.ts';
import type { Evtchn } from '../xen/evtchn.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { virqOwner } from '../xen/virq.ts';

/** What must hold between any two ops, whatever guests do. Answers what does not. */
export function violations(xen: Hypervisor): string[] {
  const found: string[] = [];
  for (const domain of xen.domains.values()) {
    const say = (what: string) => found.push(`domain ${domain.domid}: ${what}`);
    checkPorts(xen, domain, say);
    checkVirqs(domain, say);
    checkFifo(domain, say);
    checkPollers(domain, say);
  }
  for (const [virq, handler] of xen.virqHandlers) {
    if (xen.domains.get(handler.domid) !== handler) found.push(`VIRQ ${virq}: its handler is gone`);
  }
  return found;
}

/** Throws InvariantViolation with the first sentence of `violations`, if there is one. */
export function assertInvariants(xen: Hypervisor): void {
  const [violation] = violations(xen);
  if (violation !== undefined) throw new InvariantViolation(violation);
}

type Say = (what: string) => void;

function checkPorts(xen: Hypervisor, domain: Domain, say: Say): void {
  let active = 0;
  let xenOwned = 0;
  for (let port = 0; port < domain.ports.validCount; port += 1) {
    const evtchn = domain.ports.get(port)!;
    const { state } = evtchn.binding;
    if ((state === 'reserved') !== (port === 0)) say(`port ${port} is ${state}`);
    if (evtchn.port !== port) say(`port ${port} believes it is ${evtchn.port}`);
    if (domain.vcpus[evtchn.notifyVcpu] === undefined) say(`port ${port} notifies no vCPU`);
    if ((domain.ports.nextFree(port) === port) !== (state === 'free')) {
      say(`port ${port} is ${state}, and the free ports say otherwise`);
    }
    if (state === 'free' || state === 'reserved') continue;
    active += 1;
    if (evtchn.xenConsumer) xenOwned += 1;
    checkBinding(xen, domain, evtchn, say);
  }
  if (active !== domain.activePorts) say(`${active} ports are active, not ${domain.activePorts}`);
  if (xenOwned !== domain.xenPorts) say(`${xenOwned} ports are Xen's, not ${domain.xenPorts}`);
  if (domain.life === 'dying' && active > 0) say(`dying with ${active} open ports`);
}

function checkBinding(xen: Hypervisor, domain: Domain, evtchn: Evtchn, say: Say): void {
  const { binding, port } = evtchn;
  switch (binding.state) {
    case 'interdomain': {
      const back = binding.peer.binding;
      if (xen.domains.get(binding.remote.domid) !== binding.remote) say(`port ${port}: no peer`);
      if (back.state !== 'interdomain' || back.peer !== evtchn || back.remote !== domain) {
        say(`port ${port}: its peer does not point back`);
      }
      return;
    }
    case 'virq': {
      const owner = virqOwner(xen, domain, binding.virq, evtchn.notifyVcpu);
      if (owner.virqToPort[binding.virq] !== port) say(`port ${port}: VIRQ points elsewhere`);
      return;
    }
    case 'pirq':
      if (domain.pirqs.get(binding.pirq)?.port !== port) say(`port ${port}: PIRQ points elsewhere`);
      return;
    default:
  }
}

function checkVirqs(domain: Domain, say: Say): void {
  for (const vcpu of domain.vcpus) {
    for (const [virq, port] of vcpu.virqToPort.entries()) {
      if (port === 0) continue;
      const binding = domain.ports.get(port)?.binding;
      if (binding?.state !== 'virq' || binding.virq !== virq) {
        say(`VIRQ ${virq} of vCPU ${vcpu.id} points at port ${port}, which is not its own`);
      }
    }
  }
}

function checkFifo(domain: Domain, say: Say): void {
  const fifo = domain.fifo !== undefined;
  if (fifo !== (domain.abi.name === 'fifo')) say('the ABI and the event array disagree');
  for (const vcpu of domain.vcpus) {
    if ((vcpu.fifo !== undefined) !== fifo)
      say(`vCPU ${vcpu.id}: queues without FIFO, or FIFO without`);
    for (const tail of vcpu.fifo?.tails ?? []) {
      if (tail !== 0 && tail >= domain.ports.validCount) say(`vCPU ${vcpu.id}: tail ${tail}`);
    }
  }
}

function checkPollers(domain: Domain, say: Say): void {
  const asleep = domain.vcpus.filter((vcpu) => vcpu.pollPort !== 0).length;
  if (asleep !== domain.pollers) say(`${asleep} vCPUs poll, not ${domain.pollers}`);
}
