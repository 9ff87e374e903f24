import type { AnswerLine } from './answer-line.ts';
import type { AuditLine, AuditPort, BodyLine, ObserveLine, VcpuState } from './lines.ts';
import type { PlannedStep } from './plan.ts';
import type { RecordedLine } from './recorder.ts';

/** Where a replay did not give what the trace says. */
export interface Difference {
  readonly trace: string;
  /** Line of the trace, from 1; 0: in the set-up. */
  readonly line: number;
  readonly i: number;
  /** The op, and what about it: its answer, the state of a domain, an audit. */
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

/** Compares what a step gave with what the trace says it must give. */
export function compare(
  trace: string,
  planned: PlannedStep,
  got: readonly RecordedLine[],
): readonly Difference[] {
  if (isPlainMatch(planned.expected, got)) return NONE;
  const expectedFacts = factsOf(planned.expected);
  const gotFacts = factsOf(got);
  const differences: Difference[] = [];
  for (const what of new Set([...expectedFacts.keys(), ...gotFacts.keys()])) {
    const expected = expectedFacts.get(what) ?? NOTHING;
    const actual = gotFacts.get(what) ?? NOTHING;
    if (expected === actual) continue;
    const i = planned.expected[0]?.i ?? got[0]?.i ?? 0;
    const name = `${opOf(planned)}: ${what}`;
    differences.push({ trace, line: planned.line, i, what: name, expected, got: actual });
  }
  return differences;
}

const NOTHING = 'nothing';
const NONE: readonly Difference[] = [];

/** Whether a step gave its answer as expected and nothing else: most do, and need no more words. */
function isPlainMatch(expected: readonly BodyLine[], got: readonly RecordedLine[]): boolean {
  if (expected.length !== got.length || expected.length > 1) return false;
  const [want, have] = [expected[0], got[0]];
  if (want === undefined || have === undefined) return true;
  if (!('rc' in want) || !('rc' in have) || 'first_port' in have) return false;
  return want.rc === 0 && have.rc === 0 && isSameOutput(want.out, have.out);
}

function isSameOutput(want: AnswerLine['out'], have: AnswerLine['out']): boolean {
  if (want === undefined || have === undefined) return want === have;
  let names = 0;
  for (const name in have) {
    if (want[name] !== have[name]) return false;
    names += 1;
  }
  return names === Object.keys(want).length;
}

function opOf({ step, expected }: PlannedStep): string {
  const [line] = expected;
  if (line !== undefined && 'op' in line && !('skipped' in line)) {
    const vcpu = line.caller_vcpu === undefined ? '' : ` vcpu ${line.caller_vcpu}`;
    return `domain ${line.caller}${vcpu} ${line.op} ${JSON.stringify(line.in)}`;
  }
  return step.kind === 'arrange' ? `set-up, ${JSON.stringify(step.op)}` : step.kind;
}

/** Each line as named facts with one spelling, so that order and notation do not matter. */
function factsOf(lines: readonly (BodyLine | RecordedLine)[]): Map<string, string> {
  const facts = new Map<string, string>();
  for (const line of lines) {
    if ('observe' in line) observeFacts(line, facts);
    else if ('audit' in line) facts.set(`audit of domain ${line.audit}`, auditText(line));
    else facts.set('answer', answerText(line));
  }
  return facts;
}

function observeFacts(line: ObserveLine, facts: Map<string, string>): void {
  const of = `of domain ${line.observe}`;
  const { pending, masked, vcpus, fifo } = line;
  if (pending !== undefined) facts.set(`pending ${of}`, JSON.stringify(pending));
  if (masked !== undefined) facts.set(`masked ${of}`, JSON.stringify(masked));
  for (const vcpu of vcpus ?? []) facts.set(`vcpu_info ${vcpu.id} ${of}`, vcpuText(vcpu));
  for (const block of fifo?.control ?? []) {
    const text = `ready ${block.ready} heads ${JSON.stringify(block.heads)}`;
    facts.set(`control block ${block.vcpu} ${of}`, text);
  }
  const words = Object.entries(fifo?.words ?? {});
  if (words.length > 0)
    facts.set(`event words ${of}`, words.map((word) => word.join('=')).join(' '));
}

const vcpuText = ({ upcall_pending, upcall_mask, sel }: VcpuState): string =>
  `upcall_pending ${upcall_pending} upcall_mask ${upcall_mask} sel ${sel}`;

function auditText({ ports, scanned, stop_rc }: AuditLine): string {
  return `${ports.map(portText).join('; ')} to port ${scanned}, rc ${stop_rc}`;
}

function portText(entry: AuditPort): string {
  const { port, to = port, state, status, vcpu, remote_dom, remote_port, pirq, virq } = entry;
  const far = [remote_dom, remote_port, pirq, virq].map((value) => value ?? '-').join(' ');
  return `${port}-${to} ${state} ${status} vcpu ${vcpu} ${far}`;
}

/** OUT parameters of the recording's own tools, which no hypercall gives. */
const TOOL_OUTPUTS = new Set(['permit', 'permit2']);

function answerText(line: AnswerLine): string {
  if (line.refused !== undefined) return `refused: ${line.refused}`;
  const blocked = line.blocked ?? line.out?.['blocked'];
  const parts: string[] = [];
  if (line.idle === true) parts.push('idle');
  if (blocked !== undefined) parts.push(blocked === true ? 'blocked' : 'not blocked');
  // A poll that sleeps has no rc yet; recordings with a timeout have that of its end, 0.
  if (line.rc !== undefined && (line.rc !== 0 || blocked !== true)) parts.push(`rc ${line.rc}`);
  if (line.errno !== undefined) parts.push(line.errno);
  if (line.first_port !== undefined) parts.push(`ports ${line.first_port} to ${line.last_port}`);
  const out = Object.entries(line.out ?? {})
    .filter(([name]) => name !== 'blocked' && !TOOL_OUTPUTS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  return [...parts, ...out].join(', ') || 'done';
}
