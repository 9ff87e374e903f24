import type { Command } from 'commander';

import { parseTrace, replayTrace } from '../../../core/index.ts';
import type { Client } from '../../typescript/index.ts';
import { action } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { findTraces } from '../replay/find-traces.ts';
import { Progress } from '../replay/progress.ts';
import { replayRemote } from '../replay/remote.ts';
import { reportTally, reportTrace } from '../replay/report.ts';
import { replayAll } from '../replay/run.ts';
import type { Replay } from '../replay/run.ts';
import { Tally } from '../replay/tally.ts';

interface ReplayOptions {
  readonly local?: boolean;
  readonly all?: boolean;
}

/** Traces under way at a time: the service works on some while answers of others are judged. */
const TRACES_AT_A_TIME = 4;

/** The status that shells give to a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** `replay FILE-OR-FOLDER...` */
export function addReplay(program: Command): void {
  program
    .command('replay')
    .description('replay recordings, and tell where the machine did something else')
    .argument('<files...>', 'traces (*.jsonl, *.jsonl.gz), or folders of them')
    .option('--local', 'in this process, without a service')
    .option('--all', 'tell all differences, not the first ten of a trace')
    .addHelpText(
      'after',
      `
The last line is "T traces, O ops, D differences". Exit status: 0 if D is 0 and every file could
be replayed, else 1.

Example:
  evtchnctl replay test/conformance/traces`,
    )
    .action(
      action(async ({ client, out }, files: readonly string[], options: ReplayOptions) => {
        const { local = false, all = false } = options;
        const { tally, elapsedMs } = await run(
          files,
          local ? replayLocal : remotely(client),
          (judged) => reportTrace(judged, { json: out.json, all }),
        );
        reportTally(tally, out.json, elapsedMs);
        if (!tally.isGood) process.exitCode = 1;
      }),
    );
}

const replayLocal: Replay = (text, name) => replayTrace(parseTrace(text, name));

const remotely =
  (client: Client): Replay =>
  (text, name) =>
    replayRemote(client, text, name);

async function run(
  files: readonly string[],
  replay: Replay,
  report: (judged: Awaited<ReturnType<Replay>>) => void,
): Promise<{ tally: Tally; elapsedMs: number }> {
  const found = await findTraces(files);
  if (found.length === 0) {
    throw new CommandFailure(
      `no trace in ${files.join(', ')}: a trace is a file *.jsonl or *.jsonl.gz`,
    );
  }
  const tally = new Tally();
  const progress = new Progress(found.length);
  const startMs = performance.now();
  const interrupt = (): void => {
    progress.clear();
    console.error(`interrupted after ${tally.toString()}`);
    process.exit(INTERRUPTED); // The scratch machines go with their streams.
  };
  process.once('SIGINT', interrupt);
  try {
    for await (const judged of replayAll(found, replay, TRACES_AT_A_TIME)) {
      tally.add(judged);
      if ('problem' in judged || judged.differences.length > 0) progress.clear();
      report(judged);
      progress.show(tally);
    }
  } finally {
    process.off('SIGINT', interrupt);
    progress.clear();
  }
  return { tally, elapsedMs: performance.now() - startMs };
}
