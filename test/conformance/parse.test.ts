import { describe, expect, it } from 'vitest';
import { TraceError, parseTrace, planReplay } from '../../core/index.ts';
import { traceText } from '../support/traces.ts';

const LINES = traceText('xen-4.17/bind_ipi').trimEnd().split('\n');
const LAST = LINES.length;

const parse = (lines: readonly string[]) => parseTrace(`${lines.join('\n')}\n`, 'a.jsonl');

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof TraceError) return error.message;
    throw error;
  }
  return 'no error';
}

const changed = (line: number, change: (fields: Record<string, unknown>) => object) =>
  LINES.with(
    line - 1,
    JSON.stringify(change(JSON.parse(LINES[line - 1]!) as Record<string, unknown>)),
  );

describe('a text that is no whole trace', () => {
  it.each([
    { what: 'is empty', lines: [''], says: 'a.jsonl:1: not JSON' },
    { what: 'is of another kind', lines: ['#!/bin/sh'], says: 'a.jsonl:1: not JSON' },
    { what: 'starts with a list', lines: LINES.with(0, '[]'), says: 'a.jsonl:1: not an object' },
    {
      what: 'has another format',
      lines: changed(1, (header) => ({ ...header, format: 'xen-evtchn-trace/2' })),
      says: 'a.jsonl:1: the format is "xen-evtchn-trace/2"; this version reads',
    },
    {
      what: 'says no version',
      lines: changed(1, (header) => ({ ...header, xen: undefined })),
      says: 'a.jsonl:1: xen, the version, is not a text',
    },
    {
      what: 'lists no domains',
      lines: changed(1, (header) => ({ ...header, domains: undefined })),
      says: 'a.jsonl:1: domains is not a list',
    },
    {
      what: 'has more domains than a trace may',
      lines: changed(1, (header) => ({ ...header, domains: Array.from({ length: 65 }, () => 0) })),
      says: 'a.jsonl:1: domains is not a list of at most 64',
    },
    {
      what: 'has a domain without an id',
      lines: changed(1, (header) => ({ ...header, domains: [{ vcpus: 1 }] })),
      says: 'a.jsonl:1: a domain needs id, and vcpus',
    },
    {
      what: 'has a domain that is null',
      lines: changed(1, (header) => ({ ...header, domains: [null] })),
      says: 'a.jsonl:1: a domain needs id, and vcpus',
    },
    {
      what: 'has garbage in the middle',
      lines: LINES.with(5, '\u0000\u0001{'),
      says: 'a.jsonl:6: not JSON: each line of a trace is one JSON object',
    },
    { what: 'has an empty line', lines: LINES.with(5, ''), says: 'a.jsonl:6: not JSON' },
    { what: 'has a number as a line', lines: LINES.with(5, '7'), says: 'a.jsonl:6: not an object' },
    {
      what: 'has a line of no kind',
      lines: LINES.with(5, '{"i":1}'),
      says: 'a.jsonl:6: neither an op nor an observation nor an audit',
    },
    {
      what: 'has a line without its op’s number',
      lines: LINES.with(5, '{"observe":1}'),
      says: 'a.jsonl:6: i, the number of the op, is missing',
    },
    {
      what: 'has an op without a caller',
      lines: LINES.with(5, '{"i":1,"op":"send","in":{}}'),
      says: 'a.jsonl:6: an op needs caller, a number, and in, an object',
    },
    {
      what: 'has an op without arguments',
      lines: LINES.with(5, '{"i":1,"op":"send","caller":1}'),
      says: 'a.jsonl:6: an op needs caller, a number, and in, an object',
    },
    {
      what: 'has an end that tells of more ops',
      lines: changed(LAST, () => ({ end: true, ops: 99 })),
      says: `a.jsonl:${LAST}: ops is 99, and the line before is of op`,
    },
    {
      what: 'lacks the lines before its end',
      lines: LINES.toSpliced(LAST - 9, 8),
      says: `a.jsonl:${LAST - 8}: ops is`,
    },
  ])('because it $what is refused, with its line', ({ lines, says }) => {
    expect(messageOf(() => parse(lines))).toContain(says);
  });

  it('because it was cut off anywhere is refused', () => {
    const text = `${LINES.join('\n')}\n`;

    for (let length = 0; length < text.length - 1; length += 1) {
      const message = messageOf(() => parseTrace(text.slice(0, length), 'a.jsonl'));
      expect(message, `after ${length} characters`).toMatch(/^a\.jsonl:\d+: /);
    }
  });

  it('says in which line it was cut off', () => {
    expect(messageOf(() => parse(LINES.slice(0, 7)))).toBe(
      'a.jsonl:7: the last line is not {"end":true,"ops":N}: it was cut off',
    );
  });
});

describe('a trace that this version cannot replay', () => {
  it('because of an op names the op and its line', () => {
    const at = LINES.findIndex((line) => line.includes('"op":"bind_ipi"')) + 1;
    const lines = changed(at, (op) => ({ ...op, op: 'teleport' }));

    expect(messageOf(() => planReplay(parse(lines)))).toBe(`a.jsonl:${at}: no op "teleport"`);
  });

  it.each(['3.0.0', '4.1', '4.170.1', '4.18.2'])(
    'because it is of Xen %s names those it knows',
    (xen) => {
      const lines = changed(1, (header) => ({ ...header, xen }));

      expect(messageOf(() => planReplay(parse(lines)))).toBe(
        `a.jsonl:1: xen is "${xen}"; this version knows 4.17, 4.20, 4.22`,
      );
    },
  );
});

it('a change that is observed before the first op is an error, with its line', () => {
  const lines = traceText('xen-4.17/bind_ipi').trimEnd().split('\n');
  const at = lines.findIndex((line) => line.includes('"op"'));
  const text = lines.toSpliced(at, 0, '{"i":0,"observe":1,"pending":[7]}').join('\n');

  expect(() => planReplay(parseTrace(text, 't'))).toThrow(`t:${at + 1}: a change before`);
});
