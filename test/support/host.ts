import {
  DOMID_SELF,
  DOMID_XEN,
  GUEST_KINDS,
  Machine,
  OP_ARGUMENTS,
  VIRQ,
  errnoOf,
  isRefusal,
} from '../../core/index.ts';
import type {
  Answer,
  Effect,
  Errno,
  GuestKind,
  MachineOptions,
  Op,
  OpName,
  OpOf,
  OutputOf,
} from '../../core/index.ts';

export const SELF = DOMID_SELF;
export const XEN = DOMID_XEN;

/** A domain as a test wants it; what it leaves out is that of a small 64-bit PV guest. */
export interface Guest {
  readonly guest?: GuestKind;
  readonly privileged?: boolean;
  readonly vcpus?: number;
  readonly vcpusUp?: number;
  readonly maxEvtchnPort?: number;
  readonly pages?: number;
  readonly paused?: boolean;
}

export type Arguments<Name extends OpName> = Partial<Omit<OpOf<Name>, 'op' | 'caller'>>;

/** The op with every argument that is not given as 0. */
export function makeOp<Name extends OpName>(
  caller: number,
  op: Name,
  args: Arguments<Name> = {},
): Op {
  const zeros = Object.fromEntries(OP_ARGUMENTS[op].map((name) => [name, 0]));
  return { op, caller, ...zeros, ...args } as unknown as Op;
}

/** A machine under test, with short words for what tests do to it. */
export class Host {
  readonly machine: Machine;
  #seen = 0;

  constructor(options: MachineOptions = {}) {
    this.machine = Machine.create({ checkInvariants: true, ...options });
  }

  /** A domain, as the toolstack makes it. */
  create(dom: number, guest: Guest = {}): void {
    this.must(XEN, 'create_domain', {
      dom,
      guest: GUEST_KINDS.indexOf(guest.guest ?? 'pv64'),
      privileged: guest.privileged === true ? 1 : 0,
      vcpus: guest.vcpus ?? 4,
      vcpusUp: guest.vcpusUp ?? guest.vcpus ?? 4,
      maxEvtchnPort: guest.maxEvtchnPort ?? 1023,
      pages: guest.pages ?? 160,
      paused: guest.paused === true ? 1 : 0,
    });
  }

  call<Name extends OpName>(caller: number, op: Name, args: Arguments<Name> = {}): Answer {
    return this.machine.execute(makeOp(caller, op, args));
  }

  /** 'ok' or the errno. A refusal is a mistake of the test. */
  outcome<Name extends OpName>(caller: number, op: Name, args: Arguments<Name> = {}): Errno | 'ok' {
    const answer = this.call(caller, op, args);
    if (isRefusal(answer)) throw new Error(`${op} was refused: ${answer.message}`);
    return errnoOf(answer) ?? 'ok';
  }

  /** The outputs of a call that must succeed. */
  must<Name extends OpName>(caller: number, op: Name, args: Arguments<Name> = {}): OutputOf<Name> {
    const answer = this.call(caller, op, args);
    if (answer.ok) return answer.value as OutputOf<Name>;
    const why = isRefusal(answer) ? answer.message : errnoOf(answer);
    throw new Error(`${op} of domain ${caller} must succeed here, and answered ${why}`);
  }

  /** A new port of `dom` that waits for `remoteDom`. */
  unbound(dom: number, remoteDom: number): number {
    return this.must(dom, 'alloc_unbound', { dom: SELF, remoteDom }).port;
  }

  /** A channel between two domains: the port of each. `a` allocates, `b` binds. */
  channel(a: number, b: number): [number, number] {
    const remotePort = this.unbound(a, b);
    const { localPort } = this.must(b, 'bind_interdomain', { remoteDom: a, remotePort });
    return [remotePort, localPort];
  }

  ipi(dom: number, vcpu = 0): number {
    return this.must(dom, 'bind_ipi', { vcpu }).port;
  }

  virq(dom: number, virq: number = VIRQ.TIMER, vcpu = 0): number {
    return this.must(dom, 'bind_virq', { virq, vcpu }).port;
  }

  /** Binds IPIs until `dom` has no port left. */
  fill(dom: number): void {
    while (this.outcome(dom, 'bind_ipi') === 'ok') continue;
  }

  /** FIFO: a control block for each of `vcpus` in frame 0, and `pages` of array from frame 1. */
  fifo(dom: number, { vcpus = 1, pages = 1 } = {}): void {
    for (let vcpu = 0; vcpu < vcpus; vcpu += 1) {
      this.must(dom, 'init_control', { gfn: 0, offset: vcpu * 72, vcpu });
    }
    for (let page = 0; page < pages; page += 1) this.must(dom, 'expand_array', { gfn: 1 + page });
  }

  /** Leaves `dom`, an HVM guest, dying: another domain has it as its target. */
  leaveDying(dom: number, holder: number): void {
    this.must(0, 'set_target', { dom: holder, target: dom });
    this.must(0, 'destroy_domain', { dom });
  }

  pending(dom: number): number[] {
    return this.#marked(dom, 'pending');
  }

  state(dom: number, port: number): string | undefined {
    return this.machine.port(dom, port)?.state;
  }

  /** The event word of a port under FIFO. */
  word(dom: number, port: number): number {
    return this.machine.port(dom, port)!.fifo!.word!;
  }

  /** Effects that came since the last call. */
  news(): Effect[] {
    const { effects, next } = this.machine.outbox.read(this.#seen + 1, 1_000_000);
    this.#seen = next - 1;
    return [...effects];
  }

  /** Kinds of the effects that came since the last call. */
  kinds(): string[] {
    return this.news().map(({ kind }) => kind);
  }

  #marked(dom: number, bit: 'pending' | 'masked'): number[] {
    return this.machine
      .ports(dom, 1, 1_000_000)
      .filter((port) => port[bit])
      .map(({ port }) => port);
  }
}

/** A host with a privileged domain 0, and one guest for each of `guests`, from domain 1 on. */
export function boot(options: MachineOptions = {}, guests: readonly Guest[] = [{}, {}]): Host {
  const host = new Host(options);
  host.create(0, { privileged: true, maxEvtchnPort: 0xffff_ffff });
  for (const [index, guest] of guests.entries()) host.create(index + 1, guest);
  host.news();
  return host;
}

/** The state of a machine as text, without the counters that every op moves. */
export function stateText(host: Host): string {
  const { opCount: _ops, hash: _hash, lastEffect: _last, ...state } = host.machine.snapshot();
  return JSON.stringify(state);
}
