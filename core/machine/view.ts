import { EVTCHN_FIFO_BUSY, EVTCHN_FIFO_LINKED, EVTCHN_FIFO_LINK_MASK } from '../public/fifo.ts';
import { CONTROL_BLOCK_HEAD, CONTROL_BLOCK_READY, EVTCHN_FIFO_MAX_QUEUES } from '../public/fifo.ts';
import type { GuestKind } from '../public/shared-info.ts';
import type { Domain } from '../xen/domain.ts';
import { eventWord } from '../xen/event-fifo.ts';
import type { Evtchn } from '../xen/evtchn.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { upcallMask, upcallPending } from '../xen/upcall.ts';
import { DUMMY_GFN } from '../xen/vcpu.ts';
import type { Vcpu } from '../xen/vcpu.ts';

/** What an inspector sees of a domain. Views are copies: holding one holds nothing up. */
export interface DomainView {
  readonly dom: number;
  readonly guest: GuestKind;
  readonly privileged: boolean;
  readonly abi: '2l' | 'fifo';
  readonly wordBits: 32 | 64;
  readonly vcpus: number;
  readonly maxEvtchnPort: number;
  /** Ports 0 to validPorts - 1 exist; the others answer EINVAL. */
  readonly validPorts: number;
  readonly portsMax: number;
  readonly activePorts: number;
  readonly xenPorts: number;
  readonly pauseCount: number;
  readonly dying: boolean;
  readonly target: number | undefined;
  /** Frames of guest memory, and those of the FIFO event array. */
  readonly pages: number;
  readonly arrayGfns: readonly number[];
  /** Global VIRQs that the toolstack sends here. */
  readonly virqHandlerOf: readonly number[];
}

export interface PortView {
  readonly port: number;
  readonly state: Evtchn['binding']['state'];
  readonly vcpu: number;
  readonly pending: boolean;
  readonly masked: boolean;
  readonly xenConsumer: boolean;
  readonly remoteDom?: number;
  readonly remotePort?: number;
  readonly pirq?: number;
  readonly virq?: number;
  /** FIFO only. */
  readonly fifo?: {
    readonly priority: number;
    /** An event came before the array page did. */
    readonly latched: boolean;
    /** The event word; undefined while its array page does not exist. */
    readonly word: number | undefined;
    readonly linked: boolean;
    readonly busy: boolean;
    readonly link: number;
  };
}

export interface VcpuView {
  readonly vcpu: number;
  readonly up: boolean;
  /** Asleep in SCHEDOP_poll: for this port, or for any (-1), until this time in ns (0: no end). */
  readonly poll: { readonly port: number; readonly deadline: number } | undefined;
  readonly upcallPending: boolean;
  readonly upcallMask: boolean;
  readonly pendingSel: bigint;
  /** Where its vcpu_info lies: gfn -1 is shared_info; undefined: it has none yet. */
  readonly info: { readonly gfn: number; readonly offset: number } | undefined;
  readonly controlBlock:
    | {
        readonly gfn: number;
        readonly offset: number;
        readonly ready: number;
        readonly heads: readonly number[];
      }
    | undefined;
  readonly virqs: readonly { readonly virq: number; readonly port: number }[];
}

/** Changes with every write to a domain's memory, or to one of its pages. */
export interface MemoryWatch {
  readonly version: number;
  /** Version of the memory at the last write to each page; page 0 is shared_info, 1 is gfn 0. */
  readonly pageVersions: Int32Array;
  /** The memory itself, not to be written: page 0 is shared_info, 1 is gfn 0. */
  readonly words: Uint32Array;
}

export const domains = (xen: Hypervisor): DomainView[] =>
  [...xen.domains.values()].sort((a, b) => a.domid - b.domid).map((d) => describeDomain(xen, d));

export function activePorts(xen: Hypervisor): number {
  let sum = 0;
  for (const found of xen.domains.values()) sum += found.activePorts;
  return sum;
}

export function domain(xen: Hypervisor, dom: number): DomainView | undefined {
  const found = xen.domains.get(dom);
  return found && describeDomain(xen, found);
}

export function port(xen: Hypervisor, dom: number, number: number): PortView | undefined {
  const owner = xen.domains.get(dom);
  const evtchn = owner?.ports.get(number);
  return owner && evtchn && describePort(owner, evtchn);
}

export function ports(xen: Hypervisor, dom: number, from: number, max: number): PortView[] {
  const owner = xen.domains.get(dom);
  const found: PortView[] = [];
  if (owner === undefined) return found;
  for (let at = Math.max(1, from); at < owner.ports.validCount && found.length < max; at += 1) {
    const evtchn = owner.ports.get(at)!;
    if (evtchn.binding.state !== 'free') found.push(describePort(owner, evtchn));
  }
  return found;
}

export function vcpu(xen: Hypervisor, dom: number, id: number): VcpuView | undefined {
  const owner = xen.domains.get(dom);
  const found = owner?.vcpus[id];
  return owner && found && describeVcpu(owner, found);
}

export function page(xen: Hypervisor, dom: number, gfn: number): Uint8Array | undefined {
  const memory = xen.domains.get(dom)?.memory;
  if (memory === undefined || !(gfn === -1 || memory.isWritable(gfn))) return undefined;
  return memory.page(gfn).slice();
}

export function vcpuInfoWord(xen: Hypervisor, dom: number, id: number): number | undefined {
  const info = xen.domains.get(dom)?.vcpus[id]?.info;
  return info === undefined || info.gfn === DUMMY_GFN ? undefined : info.word;
}

export function controlBlock(xen: Hypervisor, dom: number, id: number): VcpuView['controlBlock'] {
  const owner = xen.domains.get(dom);
  const found = owner?.vcpus[id];
  return owner && found && describeControlBlock(owner, found);
}

export const memoryWatch = (xen: Hypervisor, dom: number): MemoryWatch | undefined =>
  xen.domains.get(dom)?.memory;

function describeDomain(xen: Hypervisor, found: Domain): DomainView {
  return {
    dom: found.domid,
    guest: found.guest,
    privileged: found.privileged,
    abi: found.abi.name,
    wordBits: found.layout.wordBits,
    vcpus: found.vcpus.length,
    maxEvtchnPort: found.maxEvtchnPort,
    validPorts: found.ports.validCount,
    portsMax: found.portsMax,
    activePorts: found.activePorts,
    xenPorts: found.xenPorts,
    pauseCount: found.pauseCount,
    dying: found.life === 'dying',
    target: found.target?.domid,
    pages: found.memory.frames,
    arrayGfns: [...(found.fifo?.gfns ?? [])],
    virqHandlerOf: [...xen.virqHandlers].filter(([, d]) => d === found).map(([virq]) => virq),
  };
}

/** Pending and masked are asked of the ABI only for ports that a guest can use, as Xen does. */
function describePort(owner: Domain, evtchn: Evtchn): PortView {
  const { binding, usable } = evtchn;
  return {
    port: evtchn.port,
    state: binding.state,
    vcpu: evtchn.notifyVcpu,
    pending: usable && owner.abi.isPending(owner, evtchn),
    masked: !usable || owner.abi.isMasked(owner, evtchn),
    xenConsumer: evtchn.xenConsumer,
    ...(binding.state === 'unbound' && { remoteDom: binding.remoteDom }),
    ...(binding.state === 'interdomain' && {
      remoteDom: binding.remote.domid,
      remotePort: binding.peer.port,
    }),
    ...(binding.state === 'pirq' && { pirq: binding.pirq }),
    ...(binding.state === 'virq' && { virq: binding.virq }),
    ...(owner.fifo !== undefined && { fifo: describeFifo(owner, evtchn) }),
  };
}

function describeFifo(owner: Domain, evtchn: Evtchn): NonNullable<PortView['fifo']> {
  const at = eventWord(owner, evtchn.port);
  const word = at < 0 ? 0 : owner.memory.words[at]!;
  return {
    priority: evtchn.priority,
    latched: evtchn.latched,
    word: at < 0 ? undefined : word,
    linked: (word & EVTCHN_FIFO_LINKED) !== 0,
    busy: (word & EVTCHN_FIFO_BUSY) !== 0,
    link: word & EVTCHN_FIFO_LINK_MASK,
  };
}

function describeVcpu(owner: Domain, found: Vcpu): VcpuView {
  const { info } = found;
  return {
    vcpu: found.id,
    up: found.up,
    poll: found.pollPort === 0 ? undefined : { port: found.pollPort, deadline: found.pollDeadline },
    upcallPending: upcallPending(found),
    upcallMask: upcallMask(owner, found),
    pendingSel: pendingSel(owner, found),
    info: info.gfn === DUMMY_GFN ? undefined : { gfn: info.gfn, offset: info.offset },
    controlBlock: describeControlBlock(owner, found),
    virqs: [...found.virqToPort.entries()]
      .filter(([, bound]) => bound !== 0)
      .map(([virq, bound]) => ({ virq, port: bound })),
  };
}

function pendingSel(owner: Domain, found: Vcpu): bigint {
  const { memory, word } = found.info;
  const at = word + (owner.layout.selOffset >> 2);
  const low = BigInt(memory.words[at]!);
  return owner.layout.wordBits === 32 ? low : low | (BigInt(memory.words[at + 1]!) << 32n);
}

function describeControlBlock(owner: Domain, found: Vcpu): VcpuView['controlBlock'] {
  const block = found.fifo?.block;
  if (block === undefined) return undefined;
  const { words } = owner.memory;
  const heads = block.word + CONTROL_BLOCK_HEAD;
  return {
    gfn: block.gfn,
    offset: block.offset,
    ready: words[block.word + CONTROL_BLOCK_READY]!,
    heads: [...words.subarray(heads, heads + EVTCHN_FIFO_MAX_QUEUES)],
  };
}
