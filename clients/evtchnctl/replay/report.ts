import { styleText } from 'node:util';

import { prefix } from '../failure.ts';
import { isReplayed } from './judged.ts';
import type { Judged, Replayed } from './judged.ts';
import type { Tally } from './tally.ts';

/** Differences of one trace that are told one by one, unless all are wanted. */
const TOLD_MAX = 10;

/** What is told of a trace besides its numbers: its differences, or why there are none. */
export function reportTrace(judged: Judged, options: { json: boolean; all: boolean }): void {
  if (!isReplayed(judged)) {
    if (options.json) console.log(JSON.stringify({ kind: 'problem', ...judged }));
    else console.error(`${prefix()} ${judged.problem}`);
    return;
  }
  const told = options.all ? judged.differences : judged.differences.slice(0, TOLD_MAX);
  if (options.json) reportJson(judged, told);
  else reportText(judged, told);
}

/** The last line of all: in JSON with how long it took. */
export function reportTally(tally: Tally, json: boolean, elapsedMs: number): void {
  if (!json) {
    if (tally.problems > 0) console.error(`${tally.problems} could not be replayed`);
    console.log(tally.toString());
    return;
  }
  const { traces, ops, differences, problems } = tally;
  const seconds = Math.round(elapsedMs) / 1000;
  const opsPerSecond = Math.round(ops / (elapsedMs / 1000));
  const summary = { traces, ops, differences, problems, seconds, opsPerSecond };
  console.log(JSON.stringify({ kind: 'summary', ...summary }));
}

function reportJson({ trace, ops, differences }: Replayed, told: Replayed['differences']): void {
  for (const difference of told) {
    console.log(JSON.stringify({ kind: 'difference', ...difference }));
  }
  console.log(JSON.stringify({ kind: 'trace', trace, ops, differences: differences.length }));
}

function reportText({ trace, differences }: Replayed, told: Replayed['differences']): void {
  for (const { line, i, what, expected, got } of told) {
    const where = styleText('bold', `${trace}:${line}`, { stream: process.stdout });
    console.log(`${where}: op ${i}, ${what}`);
    console.log(`  expected ${expected}`);
    console.log(`  got      ${got}`);
  }
  const untold = differences.length - told.length;
  if (untold > 0) console.log(`${trace}: ${untold} more differences; --all tells them`);
}
