import { GUEST_KINDS } from '../public/shared-info.ts';
import { DOMID_XEN } from '../public/ids.ts';
import { GUEST_PAGES_DEFAULT } from '../public/limits.ts';
import { VIRQ } from '../public/virq.ts';
import { opInfo } from '../machine/op-table.ts';
import type { Op } from '../machine/op.ts';
import { SHARED_INFO_GFN } from '../machine/op.ts';
import type { OpLine } from './lines.ts';

/** `poll` of a trace: SCHEDOP_poll that gives up after 100 ms. */
export const POLL_TIMEOUT_NS = 100_000_000;

/** Frames that a guest does not own, by the names that traces have for them. */
const FRAMES: Readonly<Record<string, number>> = {
  shared_info: SHARED_INFO_GFN,
  none: 2 ** 40,
  allones: 2 ** 64,
  /** The page tables of a PV guest: the frame after its memory. */
  pt: GUEST_PAGES_DEFAULT,
};

/** A page of another domain: a frame number that is nobody's here. */
const FOREIGN_FRAME = 2 ** 39;

/** The op that a line asks for, at virtual time `nowNs`; or what is wrong with the line. */
export function toOp(line: OpLine, nowNs: number): Op | string {
  const special = SPECIAL[line.op]?.(line, nowNs);
  const info = opInfo(special?.op ?? line.op);
  if (info === undefined) return `no op "${line.op}"`;
  const args = special?.args ?? {};
  const op: Record<string, unknown> = { op: info.name, caller: special?.caller ?? line.caller };
  if (line.caller_vcpu !== undefined) op['callerVcpu'] = line.caller_vcpu;
  if (line.in['ptr'] === 'bad') op['ptr'] = 'bad';
  for (const name of info.args) {
    const value = args[name] ?? argument(line, name);
    if (!Number.isInteger(value)) return `${snakeCase(name)} of ${line.op} is not a whole number`;
    op[name] = value;
  }
  if (info.list !== undefined) {
    const list = line.in[info.list];
    if (!Array.isArray(list) || !list.every(Number.isInteger)) {
      return `${info.list} of ${line.op} is not a list of whole numbers`;
    }
    op[info.list] = list;
  }
  return op as unknown as Op;
}

interface Special {
  readonly op: string;
  readonly caller?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Lines whose name or arguments differ from the op's. */
const SPECIAL: Readonly<Record<string, (line: OpLine, nowNs: number) => Special>> = {
  poll: (line, nowNs) => ({ op: 'sched_poll', args: pollArgs(line, nowNs + POLL_TIMEOUT_NS) }),
  poll_start: (line) => ({ op: 'sched_poll', args: pollArgs(line, 0) }),
  pause: () => ({ op: 'pause_domain' }),
  unpause: () => ({ op: 'unpause_domain' }),
  destroy: () => ({ op: 'destroy_domain' }),
  create: (line) => ({ op: 'create_domain', args: createArgs(line) }),
  ioreq: () => ({ op: 'create_ioreq_server' }),
  raise_timer: (line) => ({
    op: 'raise_virq',
    args: { dom: line.caller, vcpu: line.caller_vcpu ?? 0, virq: VIRQ.TIMER },
  }),
  raise_dom_exc: () => ({
    op: 'raise_virq',
    caller: DOMID_XEN,
    args: { dom: 0, vcpu: 0, virq: VIRQ.DOM_EXC },
  }),
  m_sel: (line) => {
    const text = String(line.in['value']);
    const value = /^(0x[0-9a-f]{1,16}|\d{1,19})$/i.test(text) ? BigInt(text) : undefined;
    const lo = value === undefined ? Number.NaN : Number(value & 0xffff_ffffn);
    return { op: 'm_sel', args: { lo, hi: Number((value ?? 0n) >> 32n) } };
  },
};

const pollArgs = (line: OpLine, timeout: number): Record<string, unknown> => ({
  nrPorts: line.in['nr_ports'],
  timeout,
});

function createArgs(line: OpLine): Record<string, unknown> {
  return {
    guest: GUEST_KINDS.indexOf(line.in['guest'] === 'pv32' ? 'pv32' : 'pv64'),
    privileged: 0,
    vcpusUp: 1,
    pages: GUEST_PAGES_DEFAULT,
    paused: 0,
  };
}

/** Arguments keep Xen's names: remoteDom stands in the line as remote_dom. */
function argument(line: OpLine, name: string): number {
  if (name === 'gfn') return frame(line.in['gfn'] ?? line.in['page']);
  return Number(line.in[snakeCase(name)] ?? 0);
}

function frame(value: unknown): number {
  if (typeof value !== 'string') return Number(value);
  if (value.startsWith('foreign')) return FOREIGN_FRAME;
  return FRAMES[value] ?? Number(value);
}

export const snakeCase = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
