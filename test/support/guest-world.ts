import { GUEST_KINDS, Machine, SUSPEND_MODES, errnoOf, isRefusal } from '../../core/index.ts';
import type { Answer, KernelView, Op, OpName, OpOf, VariantName } from '../../core/index.ts';
import { brokenInvariant } from './guest-invariants.ts';
import { XEN, makeOp } from './host.ts';
import { bootArguments } from './kernels.ts';

/** The ports of the guests' tables; Xen gives them no others. */
const NR = 64;

/** One of the two guests with kernels, wherever suspends have taken it. */
export interface Member {
  dom: number;
  /** Ports that Xen has open and that no source needs to have. */
  readonly leaks: Set<number>;
  /** Ports of sources that were closed behind the layer's back, and not handed out again. */
  readonly lost: Set<number>;
}

/** Domain 0, two guests with kernels, and domain 3: a peer that does as it likes. */
export class GuestWorld {
  readonly machine = Machine.create({ checkInvariants: true, limits: { effects: 4096 } });
  readonly members: readonly Member[];
  /** Every op so far: a failure is told by them. */
  readonly ops: Op[] = [];
  #seen = 0;

  constructor(variant: VariantName) {
    this.members = [1, 2].map((dom) => ({ dom, leaks: new Set(), lost: new Set() }));
    for (const dom of [0, 1, 2, 3]) {
      this.#must('create_domain', {
        ...{ dom, guest: GUEST_KINDS.indexOf('hvm64'), privileged: dom === 0 ? 1 : 0 },
        ...{ vcpus: 3, vcpusUp: 3, maxEvtchnPort: dom === 0 ? 4095 : NR - 1, pages: 2, paused: 0 },
      });
    }
    for (const dom of [1, 2]) {
      const options = { variant, nr: NR, precreate: 0, rereadsStore: true };
      this.#must('boot_guest', bootArguments(dom, options));
    }
    this.#seen = this.machine.outbox.lastSequence;
  }

  #must<Name extends OpName>(op: Name, args: Partial<OpOf<Name>>): void {
    const answer = this.machine.execute(makeOp(XEN, op, args));
    if (!answer.ok) throw new Error(`${op} sets the world up: ${JSON.stringify(answer)}`);
  }

  kernel(member: Member): KernelView {
    return this.machine.guest(member.dom)!;
  }

  /** Executes an op; answers what is wrong from there on, if anything is. */
  step(op: Op): string | undefined {
    if (op.op === 'intr_bind_local_port' && !this.#mayBind(op)) return undefined;
    this.ops.push(op);
    const caller = this.members.find(({ dom }) => dom === op.caller);
    const known = caller === undefined ? [] : this.#known(caller);
    const answer = this.machine.execute(op);
    if (this.machine.retired !== undefined) return `retired: ${this.machine.retired.message}`;
    if (!isRefusal(answer)) {
      const wrong = this.#closes(op, caller);
      if (wrong !== undefined) return wrong;
      this.#declare(op, answer, caller, known);
    }
    for (const member of this.members) {
      const broken = brokenInvariant(this.machine, member.dom, member);
      if (broken !== undefined) return `domain ${member.dom}: ${broken}`;
    }
    return undefined;
  }

  /** Drivers bind ports that somebody opened for them; the layer itself refuses only some. */
  #mayBind({ caller, port }: OpOf<'intr_bind_local_port'>): boolean {
    return port < 1 || port >= NR || this.machine.port(caller, port)?.state !== 'free';
  }

  #known(member: Member): number[] {
    return this.kernel(member).portToIsrc.map(({ port }) => port);
  }

  /** No op of a driver closes a port twice; unbind closes one at most. */
  #closes(op: Op, caller: Member | undefined): string | undefined {
    const { effects, next } = this.machine.outbox.read(this.#seen + 1, 4096);
    this.#seen = next - 1;
    if (caller === undefined || !op.op.startsWith('intr_')) return undefined;
    const closed = effects.filter(({ kind, dom }) => kind === 'closed' && dom === op.caller);
    return closed.length > 1 ? `closes: ${op.op} closed ${closed.length} ports` : undefined;
  }

  /** What happened behind a layer's back is not to be blamed on it. */
  #declare(op: Op, answer: Answer, caller: Member | undefined, known: readonly number[]): void {
    if (op.op === 'suspend_finish' && errnoOf(answer) === undefined) this.#resumed(op);
    if (caller === undefined) return;
    const { leaks, lost } = caller;
    const now = this.#known(caller);
    if (op.op === 'alloc_unbound' && answer.ok) {
      leaks.add((answer.value as { port: number }).port);
      lost.delete((answer.value as { port: number }).port);
    }
    if (op.op === 'close' && answer.ok) {
      leaks.delete(op.port);
      if (now.includes(op.port)) lost.add(op.port);
    }
    for (const port of [...known, ...now]) {
      const state = this.machine.port(caller.dom, port)?.state;
      if (state === undefined || state === 'free' || !now.includes(port)) continue;
      lost.delete(port);
    }
    for (const port of lost) if (!now.includes(port)) lost.delete(port);
    for (const port of leaks) {
      if (this.machine.port(caller.dom, port)?.state === 'free') leaks.delete(port);
    }
  }

  #resumed(op: OpOf<'suspend_finish'>): void {
    const member = this.members.find(({ dom }) => dom === op.dom)!;
    const mode = SUSPEND_MODES[op.mode]!;
    const dom = this.#whereIs(op.dom);
    member.dom = dom;
    if (mode === 'cancelled' || mode === 'checkpoint' || mode === 'failed') return;
    if (mode !== 'uncooperative') member.leaks.clear();
    member.lost.clear();
    const known = this.#known(member);
    for (const { port } of this.machine.ports(dom, 1, NR)) {
      if (!known.includes(port)) member.leaks.add(port);
    }
  }

  /** The resumed effect says where the guest has gone. */
  #whereIs(from: number): number {
    const { effects } = this.machine.outbox.read(this.machine.outbox.lastSequence - 4000, 4096);
    return effects.findLast(({ kind, port }) => kind === 'resumed' && port === from)!.dom;
  }
}

/** The first op of `ops` after which something is wrong in a fresh world, and what that is. */
function firstFailure(
  variant: VariantName,
  ops: Iterable<Op>,
): { ops: readonly Op[]; what: string } | undefined {
  const world = new GuestWorld(variant);
  for (const op of ops) {
    const what = world.step(op);
    if (what !== undefined) return { ops: world.ops, what };
  }
  return undefined;
}

/** Failures are the same if they differ in numbers only. */
const kindOf = (what: string): string => what.replaceAll(/\d+/g, 'N');

/** Leaves out, by halves, quarters and so on, whatever the failure does not need. */
export function shrink(
  variant: VariantName,
  failing: { readonly ops: readonly Op[]; readonly what: string },
): readonly Op[] {
  let { ops } = failing;
  for (let size = ops.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < ops.length; ) {
      const without = [...ops.slice(0, from), ...ops.slice(from + size)];
      const failure = firstFailure(variant, without);
      if (failure !== undefined && kindOf(failure.what) === kindOf(failing.what)) ops = failure.ops;
      else from += size;
    }
  }
  return ops;
}

export const describeOps = (ops: readonly Op[]): string =>
  ops.map((op, index) => `${index + 1}. ${JSON.stringify(op)}`).join('\n');
