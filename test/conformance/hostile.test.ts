import { describe, expect, it } from 'vitest';
import { TraceError, parseTrace, replayTrace } from '../../core/index.ts';
import { traceText } from '../support/traces.ts';

/** What no recorder writes: wrong types, and sizes that would cost a server its memory. */
const VALUES = [null, 'zz', -1, 4.5, 1e12, {}, [], [null]];

const LINES = ['xen-4.17/bind_ipi', 'xen-4.17/poll', 'xen-4.17/fifo_basic'].flatMap((name) => {
  const lines = traceText(name).trimEnd().split('\n');
  return [2, 3, 4, 5, 9, 12, lines.length - 2].map((at) => ({ name, at }));
});

/** The paths of the fields of a line, one level into objects. */
function paths(line: Record<string, unknown>): string[][] {
  return Object.entries(line).flatMap(([name, value]) => {
    const inner = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    return [[name], ...inner.map((key) => [name, key])];
  });
}

function withValue(text: string, path: readonly string[], value: unknown): string {
  const line = JSON.parse(text) as Record<string, unknown>;
  const [first, second] = path as [string, string?];
  if (second === undefined) line[first] = value;
  else (line[first] as Record<string, unknown>)[second] = value;
  return JSON.stringify(line);
}

describe('a trace with a field that makes no sense', () => {
  it.each(LINES)(
    'is an error of the trace, or a difference: $name, line $at + 1',
    ({ name, at }) => {
      const lines = traceText(name).trimEnd().split('\n');
      for (const path of paths(JSON.parse(lines[at]!) as Record<string, unknown>)) {
        for (const value of VALUES) {
          const text = lines.with(at, withValue(lines[at]!, path, value)).join('\n');
          try {
            replayTrace(parseTrace(text, name));
          } catch (error) {
            expect(error, `${path.join('.')} = ${JSON.stringify(value)}`).toBeInstanceOf(
              TraceError,
            );
          }
        }
      }
    },
  );

  it.each([
    ['{"i":0,"audit":0,"ports":[{"port":1,"to":4000000000}],"scanned":64,"stop_rc":-22}'],
    ['{"i":1,"caller":1,"op":"send","in":{"port":1},"repeat":100000000,"rc":0}'],
    ['{"i":1,"caller":1,"op":"bind_ipi","in":{"vcpu":0},"repeat":100000000,"rc":0}'],
  ])('is refused before it costs anything: %s', (line) => {
    const lines = traceText('xen-4.17/bind_ipi').trimEnd().split('\n');

    expect(() => parseTrace(lines.with(2, line).join('\n'), 't')).toThrow(TraceError);
  });
});
