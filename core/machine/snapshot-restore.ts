import { assert } from '../lib/assert.ts';
import { EVTCHN_FIFO_NR_CHANNELS, GUEST_PAGES_MAX, VCPUS_MAX } from '../public/limits.ts';
import { Domain } from '../xen/domain.ts';
import { EVENT_FIFO, FifoVcpu } from '../xen/event-fifo.ts';
import { FREE, IPI } from '../xen/evtchn.ts';
import type { Binding } from '../xen/evtchn.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import type { Vcpu } from '../xen/vcpu.ts';
import type { DomainImage, MachineSnapshot, PortImage, VcpuImage } from './snapshot-format.ts';
import { writePages } from './snapshot-pages.ts';

/** Builds the domains of a snapshot whose hash was right: its content is what we once wrote. */
export function restoreDomains(xen: Hypervisor, snapshot: MachineSnapshot): void {
  for (const image of snapshot.domains) {
    xen.domains.set(image.domid, restoreDomain(xen, image));
  }
  for (const image of snapshot.domains) {
    const domain = domainOf(xen, image.domid);
    if (image.target !== null) domain.target = domainOf(xen, image.target);
    for (const port of image.ports) restorePort(xen, domain, port);
  }
  for (const [virq, domid] of snapshot.virqHandlers)
    xen.virqHandlers.set(virq, domainOf(xen, domid));
  for (const { irq, shareable, guests } of snapshot.irqs) {
    xen.irqs.set(irq, { shareable, guests: new Set(guests.map((id) => domainOf(xen, id))) });
  }
}

function domainOf(xen: Hypervisor, domid: number): Domain {
  const domain = xen.domains.get(domid);
  assert(domain !== undefined, 'a snapshot refers to domains that it has');
  return domain;
}

function restoreDomain(xen: Hypervisor, image: DomainImage): Domain {
  assert(image.pages <= GUEST_PAGES_MAX, 'a domain has the guest pages that it may have');
  assert(image.vcpuCount <= VCPUS_MAX, 'a domain has the vCPUs that it may have');
  assert(image.validPorts <= EVTCHN_FIFO_NR_CHANNELS, 'ports are those of an ABI');
  const options = { ...image, vcpus: image.vcpuCount, vcpusUp: 0 };
  const domain = new Domain(options, xen.dummyVcpuInfo);
  domain.memory.bytes.fill(0); // The builder's upcall masks are in the image, if they are still set.
  writePages(domain.memory, image.memory);
  domain.ports.growTo(image.validPorts - 1);
  for (const [pirq, irq, port] of image.pirqs) {
    domain.pirqs.set(pirq, { irq: irq < 0 ? undefined : irq, port });
  }
  if (image.fifo !== null) {
    for (const gfn of image.fifo) domain.memory.use(gfn);
    domain.fifo = { gfns: [...image.fifo] };
    domain.abi = EVENT_FIFO;
  }
  for (const vcpu of image.vcpus) restoreVcpu(domain, domain.vcpu(vcpu.id), vcpu);
  domain.resetPort = image.resetPort;
  domain.ioreqServers = image.ioreqServers;
  domain.pauseCount = image.pauseCount;
  domain.life = image.life;
  return domain;
}

function restoreVcpu(domain: Domain, vcpu: Vcpu, image: VcpuImage): void {
  vcpu.initialised = image.initialised;
  vcpu.up = image.up;
  vcpu.pollPort = image.pollPort;
  vcpu.pollDeadline = image.pollDeadline;
  if (vcpu.pollPort !== 0) domain.pollers += 1;
  for (const [virq, port] of image.virqs) vcpu.virqToPort[virq] = port;
  if (image.info !== null) {
    const [gfn, offset] = image.info;
    const { memory } = domain;
    vcpu.info = { memory, word: memory.wordAt(gfn, offset), gfn, offset };
  }
  if (domain.fifo === undefined) return;
  vcpu.fifo = new FifoVcpu();
  for (const [priority, tail] of image.tails.entries()) vcpu.fifo.tails[priority] = tail;
  if (image.block === null) return;
  const [gfn, offset] = image.block;
  vcpu.fifo.block = { gfn, offset, word: domain.memory.wordAt(gfn, offset) };
}

function restorePort(xen: Hypervisor, domain: Domain, image: PortImage): void {
  const [port, state, a, b, vcpu, flags, priority, lastVcpu, lastPriority] = image;
  const evtchn = domain.ports.get(port);
  assert(evtchn !== undefined, 'a snapshot lists valid ports');
  evtchn.xenConsumer = (flags & 1) !== 0;
  evtchn.latched = (flags & 2) !== 0;
  Object.assign(evtchn, { notifyVcpu: vcpu, priority, lastVcpu, lastPriority });
  if (state === 'free') return;
  domain.ports.bind(evtchn, bindingOf(xen, state, a, b));
  domain.activePorts += 1;
  if (evtchn.xenConsumer) domain.xenPorts += 1;
}

function bindingOf(xen: Hypervisor, state: PortImage[1], a: number, b: number): Binding {
  switch (state) {
    case 'unbound':
      return { state, remoteDom: a };
    case 'interdomain': {
      const remote = domainOf(xen, a);
      const peer = remote.ports.get(b);
      assert(peer !== undefined, 'a snapshot has both ends of a channel');
      return { state, remote, peer };
    }
    case 'pirq':
      return { state, pirq: a };
    case 'virq':
      return { state, virq: a };
    case 'ipi':
      return IPI;
    default:
      return FREE;
  }
}
