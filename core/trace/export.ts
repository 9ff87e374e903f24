import { DOMID_XEN } from '../public/ids.ts';
import { GUEST_PAGES_MAX } from '../public/limits.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import { Machine } from '../machine/machine.ts';
import { opInfo } from '../machine/op-table.ts';
import type { Op, OpOf } from '../machine/op.ts';
import { hex } from './answer-line.ts';
import { TRACE_FORMAT } from './lines.ts';
import type { HeaderDomain, HeaderLine } from './lines.ts';
import { Recorder } from './recorder.ts';
import type { RecordStep } from './recorder.ts';
import { snakeCase } from './to-op.ts';

/** A history that a trace cannot tell: the message says why. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** Status calls of one audit: the ports that a domain can have at most. */
const AUDIT_LIMIT = 131_072;

/**
 * The history of a machine as xen-evtchn-trace/1, a line each. Its ops run again on a new machine,
 * which is observed as real Xen was. Ops that recordings of Xen do not have keep their own names,
 * and the domains that exist from the start say what kind of guest they are: docs/trace-format.md.
 *
 * Throws ExportError where the journal does not reach back to the creation, or resets are sliced.
 */
export function* exportTrace(machine: Machine, scenario: string): Generator<string, void, void> {
  if (!machine.journalComplete) {
    throw new ExportError('the journal does not reach back to the creation of the machine');
  }
  if (machine.config.resetSlicePorts !== 0) {
    throw new ExportError('a trace has no word for resets in slices (resetSlicePorts)');
  }
  const recorder = new Recorder(Machine.create({ ...machine.config, checkInvariants: false }));
  const ops = [...machine.journalOps()];
  const first = ops.findIndex((op) => !isBuild(op));
  const built = (first < 0 ? ops : ops.slice(0, first)).filter(isBuild);
  /** Domains that live, and whether their pages are observed: not those of dom0, as on real Xen. */
  const alive = new Map<number, boolean>();

  yield JSON.stringify(header(machine, scenario, built));
  for (const op of built) recorder.step({ kind: 'arrange', op });
  for (const { dom, paused } of built) {
    alive.set(dom, dom !== 0 && paused === 0);
    if (alive.get(dom) === true) yield* told(recorder, { kind: 'observe', i: 0, dom });
  }
  if (alive.has(0)) yield* told(recorder, { kind: 'audit', i: 0, dom: 0, limit: AUDIT_LIMIT });

  for (const [index, op] of ops.slice(built.length).entries()) {
    yield* tellOp(recorder, index + 1, op, alive);
  }
  const i = ops.length - built.length;
  for (const [dom, observed] of alive) {
    if (observed) yield* told(recorder, { kind: 'observe', i, dom });
  }
  for (const dom of alive.keys())
    yield* told(recorder, { kind: 'audit', i, dom, limit: AUDIT_LIMIT });
  yield JSON.stringify({ end: true, ops: i });
}

/** A domain that Xen or the machine's owner built before anything else happened. */
const isBuild = (op: Op): op is OpOf<'create_domain'> =>
  op.op === 'create_domain' && op.caller === DOMID_XEN && op.dom >= 0;

const told = (recorder: Recorder, step: RecordStep): string[] =>
  recorder.step(step).map((line) => JSON.stringify(line));

function header(
  machine: Machine,
  scenario: string,
  domains: readonly OpOf<'create_domain'>[],
): HeaderLine {
  const guests = new Set(domains.map(({ guest }) => GUEST_KINDS[guest]!));
  const [only] = guests;
  return {
    format: TRACE_FORMAT,
    xen: machine.config.xen,
    guest: guests.size === 1 && (only === 'pv64' || only === 'pv32') ? only : 'mixed',
    abi: '2l',
    scenario,
    domains: domains.map(headerDomain),
  };
}

function headerDomain(op: OpOf<'create_domain'>): HeaderDomain {
  return {
    id: op.dom,
    privileged: op.privileged !== 0,
    vcpus: op.vcpus,
    max_evtchn_port: op.maxEvtchnPort,
    guest: GUEST_KINDS[op.guest]!,
    vcpus_up: op.vcpusUp,
    pages: op.pages,
    ...(op.paused !== 0 && { runs: false }),
  };
}

/** An op with its answer and what it changed; a domain that it built is looked at whole. */
function* tellOp(
  recorder: Recorder,
  i: number,
  op: Op,
  alive: Map<number, boolean>,
): Generator<string, void, void> {
  const [answer, ...observations] = recorder.step({ kind: 'op', i, op });
  const vcpu = op.callerVcpu === undefined ? {} : { caller_vcpu: op.callerVcpu };
  yield JSON.stringify({ i, caller: op.caller, ...vcpu, ...wording(op), ...answer });
  for (const line of observations) yield JSON.stringify(line);
  if (answer === undefined || !('rc' in answer) || answer.rc !== 0) return;
  if (op.op === 'destroy_domain') alive.delete(op.dom);
  if (op.op === 'create_domain' && op.dom >= 0) {
    alive.set(op.dom, op.paused === 0);
    if (op.paused === 0) yield* told(recorder, { kind: 'observe', i, dom: op.dom });
  }
}

/** Ops whose recordings have a shorter name and the same arguments. */
const NAMES: Readonly<Record<string, string>> = {
  destroy_domain: 'destroy',
  pause_domain: 'pause',
  unpause_domain: 'unpause',
  create_ioreq_server: 'ioreq',
};

function wording(op: Op): { op: string; in: Record<string, unknown> } {
  if (op.op === 'm_sel') {
    const value = hex((BigInt(op.hi) << 32n) | BigInt(op.lo));
    return { op: op.op, in: { vcpu: op.vcpu, value } };
  }
  const values = op as unknown as Record<string, number>;
  const args: Record<string, unknown> = {};
  for (const name of opInfo(op.op)!.args) Object.assign(args, argument(name, values[name]!));
  if (op.op === 'sched_poll') args['ports'] = op.ports;
  if (op.ptr !== undefined) args['ptr'] = op.ptr;
  return { op: NAMES[op.op] ?? op.op, in: args };
}

/** A frame of the guest's own memory is called a page. */
function argument(name: string, value: number): Record<string, unknown> {
  if (name === 'gfn' && value >= 0 && value < GUEST_PAGES_MAX) return { page: value };
  return { [snakeCase(name)]: value };
}
