import { EVTCHN_FIFO_NR_CHANNELS } from '../public/limits.ts';
import { TRACE_FORMAT } from './lines.ts';
import type { BodyLine, EndLine, HeaderLine, Trace } from './lines.ts';

/** A text that is no whole trace: the message names the line, what is wrong, and what is right. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}

/** A trace has at most this many lines: the longest recording has 20 000. */
const LINES_MAX = 2_000_000;
const DOMAINS_MAX = 64;

/** Reads xen-evtchn-trace/1. Throws TraceError. */
export function parseTrace(text: string, name: string): Trace {
  const texts = text.split('\n');
  if (texts.at(-1) === '') texts.pop();
  if (texts.length > LINES_MAX) throw error(name, LINES_MAX, `more than ${LINES_MAX} lines`);
  const header = checkHeader(name, parseLine(name, texts[0] ?? '', 1));
  const end = parseLine(name, texts.at(-1) ?? '', texts.length);
  if (end['end'] !== true) {
    throw error(name, texts.length, 'the last line is not {"end":true,"ops":N}: it was cut off');
  }
  const body = texts.slice(1, -1).map((line, index) => {
    return checkBody(name, parseLine(name, line, index + 2), index + 2);
  });
  const last = body.at(-1)?.i ?? 0;
  if (end['ops'] !== last) {
    const what = `ops is ${String(end['ops'])}, and the line before is of op ${last}`;
    throw error(name, texts.length, `${what}: lines are missing, or were added`);
  }
  return { name, header, body, end: end as unknown as EndLine };
}

type Fields = Record<string, unknown>;

const error = (name: string, line: number, what: string): TraceError =>
  new TraceError(`${name}:${line}: ${what}`);

function parseLine(name: string, text: string, line: number): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw error(name, line, 'not JSON: each line of a trace is one JSON object');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw error(name, line, 'not an object: each line of a trace is one JSON object');
}

function checkHeader(name: string, line: Fields): HeaderLine {
  if (line['format'] !== TRACE_FORMAT) {
    const found = JSON.stringify(line['format']);
    throw error(name, 1, `the format is ${found}; this version reads "${TRACE_FORMAT}"`);
  }
  const domains = line['domains'];
  if (typeof line['xen'] !== 'string') throw error(name, 1, 'xen, the version, is not a text');
  if (!Array.isArray(domains) || domains.length > DOMAINS_MAX) {
    throw error(name, 1, `domains is not a list of at most ${DOMAINS_MAX}`);
  }
  for (const domain of domains as Fields[]) {
    if (isIndex(domain?.['id']) && (domain['id'] === 0 || isIndex(domain['vcpus']))) continue;
    throw error(name, 1, 'a domain needs id, and vcpus unless it is domain 0, as whole numbers');
  }
  return line as unknown as HeaderLine;
}

function checkBody(name: string, line: Fields, number: number): BodyLine {
  if (!isIndex(line['i'])) throw error(name, number, 'i, the number of the op, is missing');
  if (typeof line['op'] === 'string') {
    if (!('skipped' in line)) checkOp(name, line, number);
  } else if (isIndex(line['audit'])) {
    checkAudit(name, line['ports'], number);
  } else if (isIndex(line['observe'])) {
    checkObserve(name, line, number);
  } else {
    throw error(name, number, 'neither an op nor an observation nor an audit');
  }
  return line as unknown as BodyLine;
}

function checkObserve(name: string, line: Fields, number: number): void {
  const { pending = [], masked = [], vcpus = [], fifo = {} } = line as Record<string, unknown>;
  const { control = [], words = {} } = isFields(fifo) ? fifo : { control: null };
  const blocks = isListOfFields(control) && control.every(({ heads }) => isFields(heads));
  if (Array.isArray(pending) && Array.isArray(masked) && isListOfFields(vcpus) && blocks) {
    if (isFields(words)) return;
  }
  throw error(name, number, 'pending, masked and vcpus are lists; fifo has control and words');
}

/** Ops that a trace may repeat: each gives the next port. */
const REPEATABLE: ReadonlySet<unknown> = new Set(['alloc_unbound', 'bind_ipi']);

function checkOp(name: string, line: Fields, number: number): void {
  const args = line['in'];
  if (!isIndex(line['caller']) || typeof args !== 'object' || args === null) {
    throw error(name, number, 'an op needs caller, a number, and in, an object');
  }
  if (line['out'] !== undefined && !isFields(line['out'])) {
    throw error(name, number, 'out is not an object');
  }
  const vcpu = line['caller_vcpu'];
  if (vcpu !== undefined && !isIndex(vcpu)) {
    throw error(name, number, 'caller_vcpu is not a whole number');
  }
  const repeat = line['repeat'];
  if (repeat === undefined) return;
  if (!REPEATABLE.has(line['op']) || !isIndex(repeat) || !isPort((repeat as number) - 1)) {
    throw error(name, number, 'repeat is for alloc_unbound and bind_ipi, from 1 to 131072');
  }
}

/** A set-up makes no more of an audit than a domain can have. */
function checkAudit(name: string, ports: unknown, number: number): void {
  if (isListOfFields(ports)) {
    if (ports.every(({ port, to = port }) => isPort(port) && isPort(to))) return;
  }
  throw error(name, number, 'ports of an audit are a list, each with a port below 131072');
}

const isIndex = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isListOfFields = (value: unknown): value is Fields[] =>
  Array.isArray(value) && value.every(isFields);

const isPort = (value: unknown): value is number =>
  isIndex(value) && (value as number) < EVTCHN_FIFO_NR_CHANNELS;
