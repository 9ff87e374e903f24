import { GUEST_KINDS } from '../../core/index.ts';
import type { Op, OpName } from '../../core/index.ts';
import { SELF, XEN, makeOp } from './host.ts';
import { random } from './random.ts';

/** Domains of a random machine: 0 is the control domain. */
const DOMAINS = [0, 1, 2, 3, 4];
const PAGES = 6;

type Chance = (n: number) => number;
type Choice = readonly [
  weight: number,
  op: OpName,
  args: (chance: Chance) => Record<string, unknown>,
];

const pick = <T>(chance: Chance, ...values: T[]): T => values[chance(values.length)]!;

/** Mostly a port that may be in use, sometimes one that cannot be. */
const port = (chance: Chance) =>
  chance(30) === 0 ? pick(chance, 0, 64, 4096, 0xffff_ffff) : chance(24);
const vcpu = (chance: Chance) => (chance(12) === 0 ? pick(chance, 31, 32, 33, 40, 99) : chance(3));
const dom = (chance: Chance) => (chance(3) === 0 ? SELF : pick(chance, ...DOMAINS));
const gfn = (chance: Chance) =>
  chance(12) === 0 ? pick(chance, -1, PAGES, 2 ** 40) : chance(PAGES);
const word = (chance: Chance) =>
  pick(chance, 0, 1, 0x2000_0000, 0x4000_0000, 0x8000_0000, 0xffff_ffff);
const priority = (chance: Chance) => (chance(10) === 0 ? 16 : chance(16));
const offset = (chance: Chance) => pick(chance, 0, 72, 144, 64, 128, 4, 4096, 4024, 4032);

const HYPERCALLS: readonly Choice[] = [
  [20, 'alloc_unbound', (c) => ({ dom: dom(c), remoteDom: dom(c) })],
  [24, 'bind_interdomain', (c) => ({ remoteDom: dom(c), remotePort: port(c) })],
  [8, 'bind_virq', (c) => ({ virq: c(25), vcpu: vcpu(c) })],
  [5, 'bind_pirq', (c) => ({ pirq: pick(c, 3, 4, 5, 60), flags: c(2) })],
  [12, 'bind_ipi', (c) => ({ vcpu: vcpu(c) })],
  [16, 'close', (c) => ({ port: port(c) })],
  [50, 'send', (c) => ({ port: port(c) })],
  [20, 'unmask', (c) => ({ port: port(c) })],
  [4, 'status', (c) => ({ dom: dom(c), port: port(c) })],
  [8, 'bind_vcpu', (c) => ({ port: port(c), vcpu: vcpu(c) })],
  [2, 'reset', (c) => ({ dom: dom(c) })],
  [6, 'reset_cont', (c) => ({ dom: dom(c) })],
  [8, 'init_control', (c) => ({ gfn: gfn(c), offset: offset(c), vcpu: vcpu(c) })],
  [6, 'expand_array', (c) => ({ gfn: gfn(c) })],
  [6, 'set_priority', (c) => ({ port: port(c), priority: priority(c) })],
  [1, 'evtchn_op', (c) => ({ cmd: 14 + c(5) })],
  [2, 'sched_poll', (c) => poll(c)],
  [3, 'register_vcpu_info', (c) => ({ gfn: gfn(c), offset: offset(c), vcpu: vcpu(c) })],
  [4, 'vcpu_up', (c) => ({ vcpu: vcpu(c) })],
  [1, 'vcpu_down', (c) => ({ vcpu: 2 + c(3) })],
];

const ACCESSES: readonly Choice[] = [
  [6, 'm_mask', (c) => ({ port: port(c) })],
  [6, 'm_unmask', (c) => ({ port: port(c) })],
  [4, 'm_setpend', (c) => ({ port: port(c) })],
  [12, 'm_clrpend', (c) => ({ port: port(c) })],
  [10, 'm_upcall', (c) => ({ vcpu: vcpu(c), value: c(2) })],
  [2, 'm_upcall_mask', (c) => ({ vcpu: vcpu(c), value: c(2) })],
  [10, 'm_sel', (c) => ({ vcpu: vcpu(c), lo: c(3), hi: c(2) })],
  [4, 'm_ready', (c) => ({ vcpu: vcpu(c), value: 0 })],
  [3, 'm_head', (c) => ({ vcpu: vcpu(c), prio: priority(c), value: port(c) })],
  [1, 'fill', (c) => ({ gfn: gfn(c), value: word(c) })],
  [4, 'w_or', (c) => ({ port: port(c), value: word(c) })],
  [4, 'w_and', (c) => ({ port: port(c), value: word(c) })],
  [12, 'fifo_pop', (c) => ({ vcpu: vcpu(c), prio: priority(c), handle: c(2), port: port(c) })],
  [3, 'mem_atomic', (c) => access(c)],
];

const OUTSIDE: readonly Choice[] = [
  [8, 'create_domain', (c) => domain(c)],
  [1, 'destroy_domain', (c) => ({ dom: 1 + c(4) })],
  [1, 'pause_domain', (c) => ({ dom: 1 + c(12) })],
  [8, 'unpause_domain', (c) => ({ dom: pick(c, ...DOMAINS) })],
  [1, 'set_target', (c) => ({ dom: 1 + c(12), target: pick(c, ...DOMAINS) })],
  [3, 'set_virq_handler', (c) => ({ dom: pick(c, ...DOMAINS), virq: c(25) })],
  [3, 'map_pirq', (c) => ({ dom: pick(c, ...DOMAINS), irq: 1 + c(6), pirq: 3 + c(3) })],
  [1, 'create_ioreq_server', (c) => ({ dom: pick(c, ...DOMAINS) })],
  [10, 'raise_virq', (c) => ({ dom: pick(c, ...DOMAINS), vcpu: vcpu(c), virq: c(25) })],
  [3, 'raise_pirq', (c) => ({ dom: pick(c, ...DOMAINS), pirq: 3 + c(3) })],
  [1, 'raise_debug', () => ({})],
  [8, 'advance_clock', (c) => ({ ns: c(1000) })],
];

/** The ops that come. */
export const RANDOM_OPS: readonly OpName[] = [...HYPERCALLS, ...ACCESSES, ...OUTSIDE].map(
  ([, op]) => op,
);

/** Ops of every kind, as many as are asked for, that follow from the seed alone. */
export function* randomOps(seed: number, count: number): Generator<Op, void, void> {
  const chance = random(seed);
  for (const id of DOMAINS) {
    const args = { dom: id, guest: id === 0 ? 0 : chance(GUEST_KINDS.length), privileged: 0 };
    yield makeOp(XEN, 'create_domain', {
      ...domain(chance),
      ...args,
      privileged: id === 0 ? 1 : 0,
    });
  }
  for (let left = count - DOMAINS.length; left > 0; left -= 1) yield randomOp(chance);
}

function randomOp(chance: Chance): Op {
  const caller = pick(chance, ...DOMAINS);
  const share = chance(20);
  if (share < 12) {
    const [, op, args] = weighted(chance, HYPERCALLS);
    const bad = chance(100) === 0 ? { ptr: 'bad' as const } : {};
    const callerVcpu = chance(4) === 0 ? chance(3) : 0;
    return makeOp(caller, op, { ...args(chance), ...bad, ...(callerVcpu > 0 && { callerVcpu }) });
  }
  const [, op, args] = weighted(chance, share < 17 ? ACCESSES : OUTSIDE);
  const who = share < 17 ? caller : pick(chance, 0, 0, 0, XEN, 1);
  return makeOp(who, op, args(chance));
}

function weighted(chance: Chance, choices: readonly Choice[]): Choice {
  const sum = choices.reduce((total, [weight]) => total + weight, 0);
  let left = chance(sum);
  for (const choice of choices) {
    left -= choice[0];
    if (left < 0) return choice;
  }
  throw new Error('weights add up');
}

function poll(chance: Chance): Record<string, unknown> {
  const ports = Array.from({ length: chance(4) }, () => port(chance));
  return { ports, nrPorts: ports.length, timeout: chance(8) * chance(8000) };
}

const access = (chance: Chance) => ({
  gfn: gfn(chance),
  offset: pick(chance, 0, 8, 0x800, 0xa00, 0xffc),
  width: pick(chance, 32, 64),
  action: chance(6),
  lo: word(chance),
  hi: word(chance),
});

const domain = (chance: Chance) => ({
  dom: 1 + chance(4),
  guest: chance(GUEST_KINDS.length),
  vcpus: pick(chance, 2, 3, 3, 40),
  vcpusUp: 3,
  maxEvtchnPort: pick(chance, 7, 15, 63, 1023, 0xffff_ffff),
  pages: PAGES,
  paused: chance(6) === 0 ? 1 : 0,
});
