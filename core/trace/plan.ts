import { EVTCHN_FIFO_MASKED } from '../public/fifo.ts';
import { DOMID_SELF, DOMID_XEN } from '../public/ids.ts';
import { GUEST_PAGES_DEFAULT, MAX_EVTCHN_PORT } from '../public/limits.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import type { GuestKind } from '../public/shared-info.ts';
import { XEN_VERSIONS } from '../public/versions.ts';
import type { XenVersion } from '../public/versions.ts';
import type { Op, OpOf } from '../machine/op.ts';
import type { AuditLine, AuditPort, BodyLine, HeaderDomain, OpLine, Trace } from './lines.ts';
import { TraceError } from './parse.ts';
import type { RecordStep } from './recorder.ts';
import { POLL_TIMEOUT_NS, toOp } from './to-op.ts';

/** A step of a replay, with the lines of the trace that it must reproduce. */
export interface PlannedStep {
  readonly step: RecordStep;
  /** Number of the line in the text where the expected lines begin; 0: nothing is expected. */
  readonly line: number;
  readonly expected: readonly BodyLine[];
}

/** A replay, fixed from the start: what is asked never depends on what was answered. */
export interface ReplayPlan {
  readonly xen: XenVersion;
  readonly steps: readonly PlannedStep[];
  /** Op lines that are replayed; repeated calls count one each. */
  readonly ops: number;
}

/** Translates a trace into steps. Throws TraceError for an op or a version that is not known. */
export function planReplay(trace: Trace): ReplayPlan {
  const steps: PlannedStep[] = arrange(trace).map((step) => ({ step, line: 0, expected: [] }));
  /** The step of the last op: what changed belongs to it. */
  let last: GrowingStep | undefined;
  let nowNs = 0;
  let ops = 0;
  for (const [index, line] of trace.body.entries()) {
    if ('skipped' in line) continue;
    const number = index + 2;
    if (isChange(line)) {
      if (last === undefined) {
        throw new TraceError(`${trace.name}:${number}: a change before the first op`);
      }
      last.expected.push(line);
    } else if ('op' in line) {
      last = { step: opStep(trace, line, number, nowNs), line: number, expected: [line] };
      steps.push(last);
      ops += line.repeat ?? 1;
      if (line.op !== 'poll') continue;
      nowNs += POLL_TIMEOUT_NS; // The polled vCPU wakes by its timeout at the latest.
      const wait: Op = { op: 'advance_clock', caller: DOMID_XEN, ns: POLL_TIMEOUT_NS };
      steps.push({ step: { kind: 'arrange', op: wait }, line: 0, expected: [] });
    } else {
      steps.push({ step: lookStep(line), line: number, expected: [line] });
    }
  }
  return { xen: xenVersion(trace), steps, ops };
}

/** An observation of what an op changed: it belongs to the step of that op. */
const isChange = (line: BodyLine): boolean => 'observe' in line && line.full !== true;

/** While a plan is made, the expectations of its steps grow. */
interface GrowingStep extends PlannedStep {
  readonly expected: BodyLine[];
}

function opStep(trace: Trace, line: OpLine, number: number, nowNs: number): RecordStep {
  const { i, caller } = line;
  if (line.op === 'poll_join') return { kind: 'join', i, caller, vcpu: line.caller_vcpu ?? 0 };
  const op = toOp(line, nowNs);
  if (typeof op === 'string') throw new TraceError(`${trace.name}:${number}: ${op}`);
  return line.repeat === undefined
    ? { kind: 'op', i, op }
    : { kind: 'op', i, op, repeat: line.repeat };
}

function lookStep(line: BodyLine): RecordStep {
  if ('observe' in line) return { kind: 'observe', i: line.i, dom: line.observe };
  const { i, audit, scanned, stop_rc } = line as AuditLine;
  return { kind: 'audit', i, dom: audit, limit: stop_rc === 0 ? scanned : scanned + 1 };
}

function xenVersion({ name, header }: Trace): XenVersion {
  const found = XEN_VERSIONS.find(
    (version) => header.xen.startsWith(`${version}.`) || header.xen === version,
  );
  if (found !== undefined) return found;
  const known = XEN_VERSIONS.join(', ');
  throw new TraceError(`${name}:1: xen is "${header.xen}"; this version knows ${known}`);
}

/** The state in which the trace begins: dom0 with the ports that its kernel owns, and guests. */
function arrange({ header, body }: Trace): RecordStep[] {
  const steps: RecordStep[] = [];
  const add = (op: Op) => steps.push({ kind: 'arrange', op });
  for (const domain of header.domains) {
    add(createDomain(domain, header.guest === 'pv32' ? 'pv32' : 'pv64'));
    if (domain.id === 0 && domain.vcpus === undefined) arrangeDom0(body, add);
    if (domain.id === 0) continue;
    if (domain.runs !== false) steps.push({ kind: 'attach', dom: domain.id });
  }
  return steps;
}

function createDomain(domain: HeaderDomain, guest: GuestKind): OpOf<'create_domain'> {
  const bits = domain.id === 0 ? 'pv64' : guest;
  const kind = domain.hvm === true ? 'hvm64' : (domain.guest ?? bits);
  return {
    op: 'create_domain',
    caller: DOMID_XEN,
    dom: domain.id,
    guest: GUEST_KINDS.indexOf(kind),
    privileged: domain.privileged ? 1 : 0,
    vcpus: domain.vcpus ?? 1,
    vcpusUp: domain.vcpus_up ?? 1,
    maxEvtchnPort: domain.max_evtchn_port ?? MAX_EVTCHN_PORT,
    pages: domain.pages ?? GUEST_PAGES_DEFAULT,
    paused: domain.runs === false ? 1 : 0,
  };
}

/** Recorded on real Xen, dom0 is a Linux: it uses the FIFO ABI, keeps every port masked, and owns the ports of its audit. */
function arrangeDom0(body: readonly BodyLine[], add: (op: Op) => void): void {
  const from = { caller: 0 } as const;
  const first = body.find((line): line is AuditLine => 'audit' in line && line.audit === 0);
  if (first === undefined || first.i !== 0) return;
  add({ op: 'fill', ...from, gfn: 1, value: EVTCHN_FIFO_MASKED });
  add({ op: 'init_control', ...from, gfn: 0, offset: 0, vcpu: 0 });
  add({ op: 'expand_array', ...from, gfn: 1 });
  const holes: number[] = [];
  let next = 1;
  for (const entry of first.ports) {
    for (; next < entry.port; next += 1) {
      add({ op: 'alloc_unbound', ...from, dom: DOMID_SELF, remoteDom: DOMID_SELF });
      holes.push(next);
    }
    for (; next <= (entry.to ?? entry.port); next += 1) bindOwn(entry, next, add);
  }
  for (const port of holes) add({ op: 'close', ...from, port });
}

/** Binds dom0's next port as the audit says. */
function bindOwn(entry: AuditPort, port: number, add: (op: Op) => void): void {
  const from = { caller: 0 } as const;
  const { vcpu, virq = 0, pirq = 0, remote_dom: remoteDom = 0, remote_port: peer = 0 } = entry;
  switch (entry.state) {
    case 'virq':
      return add({ op: 'bind_virq', ...from, virq, vcpu });
    case 'ipi':
      return add({ op: 'bind_ipi', ...from, vcpu });
    case 'pirq':
      add({ op: 'map_pirq', ...from, dom: 0, irq: pirq, pirq });
      return add({ op: 'bind_pirq', ...from, pirq, flags: 0 });
    case 'interdomain':
      if (peer > port) return add({ op: 'alloc_unbound', ...from, dom: 0, remoteDom });
      return add({ op: 'bind_interdomain', ...from, remoteDom, remotePort: peer });
    default:
      return add({ op: 'alloc_unbound', ...from, dom: 0, remoteDom });
  }
}
