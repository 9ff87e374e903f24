import type { Domid, Port } from '../public/ids.ts';
import type { Answer } from '../machine/answer.ts';
import { SUSPEND_MODES } from '../machine/suspend.ts';
import type { Machine } from '../machine/machine.ts';
import type { Op } from '../machine/op.ts';

const EFFECTS_AT_A_TIME = 4096;

/**
 * What happens to a guest's ports behind the back of its interrupt layer: raw hypercalls of its
 * own, and what the toolstack opens. Xen and the layer may differ in these, and only in these.
 */
export class Declared {
  readonly #machine: Machine;
  /** Where the guest lives: another domain after a resume. */
  dom: Domid;
  /** Open in Xen, and the layer need not know them. */
  readonly leaks = new Set<Port>();
  /** The layer may still believe that it has them. */
  readonly lost = new Set<Port>();
  /** Ports that the layer does not have, whose pending bit the guest set by itself. */
  readonly reservedPending = new Set<Port>();
  /** Ports that the layer closed while their source was in use. */
  readonly closedUnderOwner = new Set<Port>();
  #nextEffect: number;
  /** The table before the last op: port → index of its source. */
  #owners: ReadonlyMap<Port, number>;

  constructor(machine: Machine, dom: Domid) {
    this.#machine = machine;
    this.dom = dom;
    this.#nextEffect = machine.outbox.lastSequence + 1;
    this.#owners = this.#readOwners();
    this.declareOpen();
  }

  /** Whatever Xen has open now, and the layer does not know, is so on purpose. */
  declareOpen(): void {
    for (const { port } of this.#machine.ports(this.dom, 1, 131_072)) {
      if (!this.#owners.has(port)) this.leaks.add(port);
    }
  }

  /** To be told of every op with its answer, after it was executed. */
  after(op: Op, answer: Answer): void {
    const closed = this.#closedPorts();
    if (answer.ok) this.#learn(op, answer.value as Readonly<Record<string, number>> | undefined);
    const before = this.#owners;
    this.#owners = this.#readOwners();
    const byLayer = op.caller === this.dom && (op.op.startsWith('intr_') || op.op === 'thread_run');
    if (byLayer) this.#judgeCloses(closed, before);
    for (const port of this.lost)
      if (!this.#owners.has(port) || this.#isOpen(port)) this.lost.delete(port);
  }

  #learn(op: Op, value: Readonly<Record<string, number>> | undefined): void {
    if (op.op === 'suspend_finish' && op.dom === this.dom) {
      this.#resumed(op.mode, op.precreate, value!['dom']!);
    }
    if (op.op === 'reset' && (op.dom === this.dom || op.caller === this.dom)) this.#wasReset();
    if (op.caller !== this.dom) return;
    switch (op.op) {
      case 'alloc_unbound':
      case 'bind_virq':
      case 'bind_ipi':
      case 'bind_pirq':
        this.leaks.add(value!['port']!);
        break;
      case 'bind_interdomain':
        this.leaks.add(value!['localPort']!);
        break;
      case 'close':
        this.leaks.delete(op.port);
        this.lost.add(op.port);
        break;
      case 'm_setpend':
        this.reservedPending.add(op.port);
        break;
      case 'm_clrpend':
        this.reservedPending.delete(op.port);
        break;
      default:
    }
  }

  #resumed(mode: number, precreate: number, dom: Domid): void {
    const name = SUSPEND_MODES[mode];
    this.dom = dom;
    if (name !== 'real' && name !== 'soft_reset') return;
    this.leaks.clear();
    this.lost.clear();
    this.reservedPending.clear();
    // What the toolstack opens in a new domain: xenstore's port and the console's come last.
    for (let port = 1; port <= precreate + 2; port += 1) this.leaks.add(port);
  }

  #wasReset(): void {
    this.leaks.clear();
    for (const port of this.#owners.keys()) this.lost.add(port);
  }

  /** A source that has the port, and references, is not the one that is being released. */
  #judgeCloses(closed: readonly Port[], before: ReadonlyMap<Port, number>): void {
    const { isrcs = [] } = this.#machine.guest(this.dom) ?? {};
    for (const port of closed) {
      const isrc = isrcs[before.get(port) ?? -1];
      if (isrc?.port === port && isrc.refcount > 0) this.closedUnderOwner.add(port);
    }
  }

  #closedPorts(): Port[] {
    const { effects, next } = this.#machine.outbox.read(this.#nextEffect, EFFECTS_AT_A_TIME);
    this.#nextEffect = Math.max(next, this.#machine.outbox.lastSequence + 1);
    return effects
      .filter(({ kind, dom }) => kind === 'closed' && dom === this.dom)
      .map((e) => e.port);
  }

  #isOpen(port: Port): boolean {
    const state = this.#machine.port(this.dom, port)?.state;
    return state !== undefined && state !== 'free';
  }

  #readOwners(): ReadonlyMap<Port, number> {
    const { portToIsrc = [] } = this.#machine.guest(this.dom) ?? {};
    return new Map(portToIsrc.map(({ port, isrc }) => [port, isrc]));
  }
}
