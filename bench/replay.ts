// How fast recordings of real Xen are replayed: in this process, and through the service.

import { fileURLToPath } from 'node:url';

import { findTraces } from '../clients/evtchnctl/replay/find-traces.ts';
import type { Judged } from '../clients/evtchnctl/replay/judged.ts';
import { readTrace } from '../clients/evtchnctl/replay/read-trace.ts';
import { replayRemote } from '../clients/evtchnctl/replay/remote.ts';
import { replayAll } from '../clients/evtchnctl/replay/run.ts';
import type { Replay } from '../clients/evtchnctl/replay/run.ts';
import { Tally } from '../clients/evtchnctl/replay/tally.ts';
import { connect } from '../clients/typescript/index.ts';
import { parseTrace, replayTrace } from '../core/index.ts';
import { startPeer } from './child.ts';
import { print } from './measure.ts';

const TRACES = fileURLToPath(new URL('../test/conformance/traces', import.meta.url));
const PASSES = 6;

/** Traces under way at a time, as in `evtchnctl replay`. */
const AT_A_TIME = 4;

const found = await findTraces([TRACES]);
const texts = await Promise.all(
  found.map(async ({ path }) => ({ path, text: await readTrace(path) })),
);
const unit = 'ops/s';
print(`Replay of ${found.length} recordings of real Xen`, [
  {
    what: 'in process: parsed, replayed, compared',
    value: await replayTexts(),
    unit,
    target: { least: 300_000 },
  },
  { what: '  of which without the parsing', value: await replayParsed(), unit },
  { what: 'through the service, from files, as evtchnctl does', value: await replayServed(), unit },
]);

function replayTexts(): Promise<number> {
  return opsPerSecond(() => texts.map(({ path, text }) => replayTrace(parseTrace(text, path))));
}

function replayParsed(): Promise<number> {
  const parsed = texts.map(({ path, text }) => parseTrace(text, path));
  return opsPerSecond(() => parsed.map((trace) => replayTrace(trace)));
}

async function replayServed(): Promise<number> {
  await using evtchnd = await startPeer(new URL('./evtchnd-server.ts', import.meta.url));
  using client = connect(evtchnd.address);
  const replay: Replay = (text, path) => replayRemote(client, text, path);
  return await opsPerSecond(() => replayAll(found, replay, AT_A_TIME));
}

/** The best of several passes over all: neighbours on the machine only ever slow one down. */
async function opsPerSecond(
  replay: () => Iterable<Judged> | AsyncIterable<Judged>,
): Promise<number> {
  let best = 0;
  for (let pass = 0; pass < PASSES; pass += 1) {
    const start = performance.now();
    const tally = new Tally();
    for await (const judged of replay()) tally.add(judged);
    const seconds = (performance.now() - start) / 1000;
    // What goes wrong early is done early, and would count as fast.
    if (!tally.isGood) throw new Error(`${tally.toString()}: is the machine what Xen was?`);
    best = Math.max(best, tally.ops / seconds);
  }
  return best;
}
