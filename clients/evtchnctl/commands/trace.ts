import type { Command } from 'commander';

import { action } from '../context.ts';
import { save } from './machine-state.ts';

/** `trace export`. */
export function addTrace(program: Command): void {
  const trace = program.command('trace').description('histories, in the format of the recordings');
  trace
    .command('export')
    .description('the history of --machine as xen-evtchn-trace/1')
    .option('-o, --out <file>', 'write to this file (default: stdout)')
    .addHelpText('after', '\nExample:\n  evtchnctl trace export -o mine.jsonl')
    .action(
      action(async ({ machine }, { out: file }: { out?: string }) => {
        await save(await machine.exportTrace(), file);
      }),
    );
}
