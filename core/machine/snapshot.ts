import { hash64 } from '../lib/hash.ts';
import type { Domain } from '../xen/domain.ts';
import type { Evtchn } from '../xen/evtchn.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import type { Vcpu } from '../xen/vcpu.ts';
import { completeConfig } from './config.ts';
import type { Guests } from './guests.ts';
import { assertInvariants } from './invariants.ts';
import { kernelImage, restoreKernel } from './kernel-image.ts';
import type { MachineConfig } from './config.ts';
import { SNAPSHOT_FORMAT, SnapshotError } from './snapshot-format.ts';
import type { DomainImage, MachineSnapshot, PortImage, VcpuImage } from './snapshot-format.ts';
import { pageImages, writePages } from './snapshot-pages.ts';
import { restoreDomains } from './snapshot-restore.ts';

export function takeSnapshot(
  xen: Hypervisor,
  guests: Guests,
  config: MachineConfig,
  opCount: number,
  lastEffect: number,
): MachineSnapshot {
  if (guests.hasThreads) {
    throw new SnapshotError('threads of a guest stand between two steps: run them to their end');
  }
  const content = {
    config,
    opCount,
    lastEffect,
    nowNs: xen.nowNs,
    domidRover: xen.domidRover,
    dummyVcpuInfo: pageImages(xen.dummyVcpuInfo),
    virqHandlers: [...xen.virqHandlers]
      .map(([virq, domain]) => [virq, domain.domid] as const)
      .sort(byFirst),
    irqs: [...xen.irqs]
      .map(([irq, action]) => {
        const domids = [...action.guests].map(({ domid }) => domid).sort(ascending);
        return { irq, shareable: action.shareable, guests: domids };
      })
      .sort((a, b) => a.irq - b.irq),
    domains: [...xen.domains.values()].sort((a, b) => a.domid - b.domid).map(domainImage),
    kernels: [...guests.kernels()].map(kernelImage).sort((a, b) => a.dom - b.dom),
  };
  return { format: SNAPSHOT_FORMAT, hash: hash64(JSON.stringify(content)), ...content };
}

/**
 * Checks a snapshot and answers how to restore it. Throws SnapshotError: not a snapshot, one of
 * another format version, or one whose content is not what its hash says.
 */
export function restoreState(value: unknown): {
  config: MachineConfig;
  base: MachineSnapshot;
  restore: (xen: Hypervisor, guests: Guests) => void;
} {
  if (typeof value !== 'object' || value === null || !('format' in value)) {
    throw new SnapshotError('this is not a snapshot: it has no "format"');
  }
  if (value.format !== SNAPSHOT_FORMAT) {
    const found = JSON.stringify(value.format);
    throw new SnapshotError(`the format is ${found}; this version reads "${SNAPSHOT_FORMAT}"`);
  }
  const snapshot = value as MachineSnapshot;
  const { format: _format, hash, ...content } = snapshot;
  const actual = hash64(JSON.stringify(content));
  if (actual !== hash) {
    throw new SnapshotError(`the content has hash ${actual}, not ${hash}: it was cut or changed`);
  }
  return {
    config: completeConfig(snapshot.config),
    base: snapshot,
    restore(xen, guests) {
      try {
        restoreContent(xen, guests, snapshot);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw new SnapshotError(`its content makes no sense: ${why}`);
      }
    },
  };
}

function restoreContent(xen: Hypervisor, guests: Guests, snapshot: MachineSnapshot): void {
  xen.nowNs = snapshot.nowNs;
  xen.domidRover = snapshot.domidRover;
  writePages(xen.dummyVcpuInfo, snapshot.dummyVcpuInfo);
  restoreDomains(xen, snapshot);
  for (const image of snapshot.kernels) {
    guests.adopt(restoreKernel(xen, xen.domains.get(image.dom)!, image));
  }
  assertInvariants(xen);
}

const ascending = (a: number, b: number): number => a - b;

const byFirst = (a: readonly [number, ...unknown[]], b: readonly [number, ...unknown[]]): number =>
  a[0] - b[0];

function domainImage(domain: Domain): DomainImage {
  return {
    domid: domain.domid,
    guest: domain.guest,
    privileged: domain.privileged,
    vcpuCount: domain.vcpus.length,
    maxEvtchnPort: domain.maxEvtchnPort,
    pages: domain.memory.frames,
    validPorts: domain.ports.validCount,
    ports: portImages(domain),
    vcpus: domain.vcpus.map(vcpuImage),
    pirqs: [...domain.pirqs]
      .map(([pirq, { irq, port }]) => [pirq, irq ?? -1, port] as const)
      .sort(byFirst),
    fifo: domain.fifo === undefined ? null : [...domain.fifo.gfns],
    resetPort: domain.resetPort,
    ioreqServers: domain.ioreqServers,
    pauseCount: domain.pauseCount,
    life: domain.life,
    target: domain.target?.domid ?? null,
    memory: pageImages(domain.memory),
  };
}

function portImages(domain: Domain): PortImage[] {
  const images: PortImage[] = [];
  for (let port = 1; port < domain.ports.validCount; port += 1) {
    const evtchn = domain.ports.get(port)!;
    const [a, b] = bindingNumbers(evtchn.binding);
    const flags = (evtchn.xenConsumer ? 1 : 0) + (evtchn.latched ? 2 : 0);
    const { notifyVcpu, priority, lastVcpu, lastPriority } = evtchn;
    const { state } = evtchn.binding;
    const isNew = state === 'free' && flags + lastVcpu + lastPriority === 0 && priority === 7;
    if (isNew) continue;
    images.push([port, state, a, b, notifyVcpu, flags, priority, lastVcpu, lastPriority]);
  }
  return images;
}

function bindingNumbers(binding: Evtchn['binding']): readonly [number, number] {
  switch (binding.state) {
    case 'unbound':
      return [binding.remoteDom, 0];
    case 'interdomain':
      return [binding.remote.domid, binding.peer.port];
    case 'pirq':
      return [binding.pirq, 0];
    case 'virq':
      return [binding.virq, 0];
    default:
      return [0, 0];
  }
}

function vcpuImage(vcpu: Vcpu): VcpuImage {
  const { info, fifo } = vcpu;
  return {
    id: vcpu.id,
    initialised: vcpu.initialised,
    up: vcpu.up,
    pollPort: vcpu.pollPort,
    pollDeadline: vcpu.pollDeadline,
    info: info.gfn >= 0 ? [info.gfn, info.offset] : null,
    block: fifo?.block === undefined ? null : [fifo.block.gfn, fifo.block.offset],
    tails: fifo === undefined ? [] : [...fifo.tails],
    virqs: [...vcpu.virqToPort.entries()].filter(([, port]) => port !== 0),
  };
}
