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
  const isOp = typeof line['op'] === 'string';
  const isSkipped = isOp && 'skipped' in line;
  const isObserve = isIndex(line['observe']);
  const isAudit = isIndex(line['audit']) && Array.isArray(line['ports']);
  if (!isIndex(line['i'])) throw error(name, number, 'i, the number of the op, is missing');
  if (isOp && !isSkipped && !(isIndex(line['caller']) && typeof line['in'] === 'object')) {
    throw error(name, number, 'an op needs caller, a number, and in, an object');
  }
  if (isOp || isObserve || isAudit) return line as unknown as BodyLine;
  throw error(name, number, 'neither an op nor an observation nor an audit');
}

const isIndex = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
