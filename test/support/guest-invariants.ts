import { INVALID_EVTCHN } from '../../core/index.ts';
import type { KernelView, Machine, PortView } from '../../core/index.ts';

/** Ports that Xen has open and no source knows (leaks), or the other way round (lost): as told. */
export interface Declared {
  readonly leaks: ReadonlySet<number>;
  readonly lost: ReadonlySet<number>;
}

const PENDING = 0x800 / 4;
const MASK = 0xa00 / 4;
const WORDS = 4096 / 32;

/**
 * What must hold of a kernel with FreeBSD's layer under the 2-level ABI of a 64-bit guest, between
 * any two ops. Answers the first thing that does not. `kernel.nr` is a multiple of 32.
 */
export function brokenInvariant(
  machine: Machine,
  dom: number,
  declared: Declared,
): string | undefined {
  const kernel = machine.guest(dom)!;
  if (kernel.dead !== undefined) return `fault: ${JSON.stringify(kernel.dead)}`;
  if (kernel.faults.length > 0) return `fault: ${JSON.stringify(kernel.faults[0])}`;
  return (
    brokenMap(kernel) ??
    strayBits(machine.watch(dom)!.words, kernel) ??
    brokenPorts(machine, dom, kernel, declared)
  );
}

/** The table and the sources agree, and each mapped port is enabled on the CPU of its source. */
function brokenMap({ portToIsrc, isrcs, enabled, nr }: KernelView): string | undefined {
  const owners = new Map(portToIsrc.map(({ port, isrc }) => [port, isrc]));
  for (const { port, isrc } of portToIsrc) {
    const source = isrcs[isrc]!;
    if (source.port !== port || source.type === 'unbound') {
      return `map: port ${port} leads to a source of port ${source.port}, ${source.type}`;
    }
    const cpus = [...enabled.keys()].filter((cpu) => hasBit(enabled[cpu]!, port));
    if (cpus.length !== 1 || cpus[0] !== source.cpu) {
      return `enabled: port ${port} of CPU ${source.cpu} is enabled on CPUs [${cpus.join()}]`;
    }
  }
  for (const { index, type, port } of isrcs) {
    if (type === 'unbound' || port === INVALID_EVTCHN) continue;
    if (port >= nr || owners.get(port) !== index) return `map: source ${index} has lost ${port}`;
  }
  return undefined;
}

/** Bits of port 0, and of ports that the layer does not have, are as the kernel set them. */
function strayBits(words: Uint32Array, { nr }: KernelView): string | undefined {
  if ((words[PENDING]! & 1) !== 0 || (words[MASK]! & 1) === 0) return 'bits: port 0 changed';
  for (let word = nr / 32; word < WORDS; word += 1) {
    if (words[PENDING + word] !== 0 || words[MASK + word] !== 0xffff_ffff) {
      return `bits: word ${word} changed, beyond the layer's ports`;
    }
  }
  return undefined;
}

/** Xen's open ports are the table's, and none that is pending and unmasked is forgotten. */
function brokenPorts(
  machine: Machine,
  dom: number,
  kernel: KernelView,
  { leaks, lost }: Declared,
): string | undefined {
  const known = new Set(kernel.portToIsrc.map(({ port }) => port));
  for (const view of machine.ports(dom, 1, 4096)) {
    if (!known.delete(view.port) && !leaks.has(view.port)) {
      return `ports: Xen has port ${view.port} open, which no source has`;
    }
    if (view.pending && !view.masked && isForgotten(machine, dom, kernel, view)) {
      return `forgotten: port ${view.port} is pending and nobody looks`;
    }
  }
  const gone = [...known].find((port) => !lost.has(port));
  return gone === undefined ? undefined : `ports: Xen has closed port ${gone} of a source`;
}

/** While the guest runs, its upcalls have run too; while it suspends, they must be asked for. */
function isForgotten(machine: Machine, dom: number, kernel: KernelView, view: PortView): boolean {
  if (kernel.lifecycle === 'running') return true;
  const vcpu = machine.vcpu(dom, view.vcpu)!;
  const selected = (vcpu.pendingSel >> BigInt(view.port >> 6)) & 1n;
  return !vcpu.upcallPending || selected === 0n;
}

const hasBit = (words: Uint32Array, port: number): boolean =>
  (words[port >>> 5]! & (1 << (port & 31))) !== 0;
