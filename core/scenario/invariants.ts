import { SHARED_INFO_LAYOUT } from '../public/shared-info.ts';
import type { Domid, Port } from '../public/ids.ts';
import type { KernelView } from '../machine/kernel-view.ts';
import type { Machine } from '../machine/machine.ts';
import type { PortView } from '../machine/view.ts';
import { Declared } from './declared.ts';
import { hasBit, sharedBits } from './shared-bits.ts';
import type { SharedBits } from './shared-bits.ts';

/** What must hold of a guest's interrupt layer and of Xen together, whenever no thread runs. */
export type InvariantName =
  /** The source that the table has for a port has that port. */
  | 'map_agrees'
  /** No bit of port 0, or of ports that the layer does not have, ever changes. */
  | 'reserved_bits'
  /** A port that is bound, unmasked and pending has its selector bit set. */
  | 'no_lost_wakeup'
  /** A mapped port is enabled on one CPU, which is its source's. */
  | 'enabled_once'
  /** Xen has open what the table knows, and what is declared besides. */
  | 'ports_agree'
  /** What the layer closes is the port of the source that it releases. */
  | 'closed_by_owner';

export interface Violation {
  readonly invariant: InvariantName;
  readonly port: Port;
  readonly what: string;
}

const PORTS_MAX = 131_072;

/**
 * Watches one guest: `declared` is told of every op, so that what its owner did behind the back of
 * the layer is not blamed on the layer.
 */
export class InvariantChecker {
  readonly #machine: Machine;
  readonly declared: Declared;

  constructor(machine: Machine, dom: Domid) {
    this.#machine = machine;
    this.declared = new Declared(machine, dom);
  }

  /** What does not hold now; of a guest that has ended, nothing is asked. */
  violations(): Violation[] {
    const { dom } = this.declared;
    const kernel = this.#machine.guest(dom);
    const domain = this.#machine.domain(dom);
    if (kernel === undefined || domain === undefined || kernel.dead !== undefined) return [];
    const found: Violation[] = [];
    const state = {
      kernel,
      bits: sharedBits(this.#machine, dom, domain.guest),
      ports: this.#machine.ports(dom, 1, PORTS_MAX),
      say: (invariant: InvariantName, port: Port, what: string) =>
        void found.push({ invariant, port, what }),
    };
    if (domain.abi === '2l') checkReserved(state, this.declared);
    if (kernel.threads.length > 0) return found; // A lock may be held: the rest is in motion.
    checkMap(state);
    checkEnabled(state);
    checkPorts(state, this.declared);
    if (domain.abi === '2l') {
      const { wordBits } = SHARED_INFO_LAYOUT[domain.guest];
      checkWakeups(state, (vcpu, port) => {
        const word = BigInt(Math.floor(port / wordBits));
        return ((this.#machine.vcpu(dom, vcpu)!.pendingSel >> word) & 1n) === 1n;
      });
    }
    for (const port of this.declared.closedUnderOwner) {
      state.say('closed_by_owner', port, `port ${port} was closed under the source that owned it`);
    }
    return found;
  }
}

interface State {
  readonly kernel: KernelView;
  readonly bits: SharedBits;
  readonly ports: readonly PortView[];
  readonly say: (invariant: InvariantName, port: Port, what: string) => void;
}

function checkMap({ kernel, say }: State): void {
  for (const { port, isrc } of kernel.portToIsrc) {
    const { port: own } = kernel.isrcs[isrc]!;
    if (own !== port)
      say('map_agrees', port, `the table's source for port ${port} has port ${own}`);
  }
}

/** A kernel masks every port when it starts, and enables them all on CPU 0. */
function checkReserved({ kernel, bits, say }: State, { reservedPending }: Declared): void {
  const ports = bits.mask.length * 32;
  for (let port = 0; port < ports; port = port === 0 ? kernel.nr : port + 1) {
    const changed: string[] = [];
    if (!hasBit(bits.mask, port)) changed.push('mask');
    if (hasBit(bits.pending, port) !== reservedPending.has(port)) changed.push('pending');
    for (const [cpu, words] of kernel.enabled.entries()) {
      if (hasBit(words, port) !== (cpu === 0)) changed.push(`enabled on CPU ${cpu}`);
    }
    if (changed.length > 0)
      say('reserved_bits', port, `port ${port}: ${changed.join(', ')} changed`);
  }
}

function checkEnabled({ kernel, say }: State): void {
  for (const { port, isrc } of kernel.portToIsrc) {
    if (port === 0) continue;
    const on = kernel.enabled.flatMap((words, cpu) => (hasBit(words, port) ? [cpu] : []));
    const { cpu } = kernel.isrcs[isrc]!;
    if (on.length === 1 && on[0] === cpu) continue;
    const where = on.length === 0 ? 'no CPU' : `CPU ${on.join(' and ')}`;
    say('enabled_once', port, `port ${port} of CPU ${cpu} is enabled on ${where}`);
  }
}

function checkPorts({ kernel, ports, say }: State, { leaks, lost }: Declared): void {
  const known = new Set(kernel.portToIsrc.map(({ port }) => port));
  for (const { port } of ports) {
    if (known.delete(port) || leaks.has(port)) continue;
    say('ports_agree', port, `Xen has port ${port} open, and no source has it`);
  }
  for (const port of known) {
    if (lost.has(port)) continue;
    say('ports_agree', port, `the table has a source for port ${port}, which Xen has closed`);
  }
}

function checkWakeups(
  { kernel, ports, bits, say }: State,
  isSelected: (vcpu: number, port: Port) => boolean,
): void {
  const known = new Set(kernel.portToIsrc.map(({ port }) => port));
  for (const { port, vcpu } of ports) {
    if (!known.has(port) || !hasBit(bits.pending, port) || hasBit(bits.mask, port)) continue;
    if (isSelected(vcpu, port)) continue;
    say('no_lost_wakeup', port, `port ${port} is pending, and vCPU ${vcpu} will not look`);
  }
}
