import { describe, expect, it } from 'vitest';
import { parseTrace, replayTrace } from '../../core/index.ts';
import { traceNames, traceText } from '../support/traces.ts';

describe('a machine answers as real Xen did', () => {
  it.each([
    { folder: 'xen-4.17', traces: 173, ops: 52_012 },
    { folder: 'xen-4.17-pv32', traces: 166, ops: 57_816 },
    { folder: 'xen-4.20', traces: 31, ops: 6022 },
    { folder: 'xen-4.22', traces: 123, ops: 35_253 },
  ])('in all $traces recordings of $folder, to the last of $ops ops', ({ folder, traces, ops }) => {
    const names = traceNames().filter((name) => name.startsWith(`${folder}/`));

    const reports = names.map((name) => replayTrace(parseTrace(traceText(name), name)));

    expect(reports.flatMap(({ differences }) => differences)).toEqual([]);
    expect(reports.length).toBe(traces);
    expect(reports.reduce((sum, report) => sum + report.ops, 0)).toBe(ops);
  });

  it('in 493 recordings, all of which one of these folders has', () => {
    expect(traceNames().length).toBe(493);
  });
});
