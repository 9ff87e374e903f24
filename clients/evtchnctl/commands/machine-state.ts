import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';

import { uint64 } from '../arguments.ts';
import { action } from '../context.ts';
import { CommandFailure } from '../failure.ts';

interface FileOption {
  readonly out?: string;
}

const OUT = ['-o, --out <file>', 'write to this file (default: stdout)'] as const;

/** `machine snapshot|restore|clock|journal|check|hash`. */
export function addMachineState(machine: Command): void {
  machine
    .command('snapshot')
    .description('the whole state of --machine, as JSON')
    .option(...OUT)
    .action(
      action(async ({ machine: chosen }, { out: file }: FileOption) => {
        await save(await chosen.snapshot(), file);
      }),
    );
  machine
    .command('restore <name> <file>')
    .description('make a new machine of a snapshot')
    .action(
      action(async ({ client, out }, name: string, file: string) => {
        const restored = await client.restoreMachine(name, await readFile(file));
        out.one(await restored.view(), `${name} is as ${file} says`);
      }),
    );
  machine
    .command('journal')
    .description('every op of --machine, as JSON lines')
    .option(...OUT)
    .action(
      action(async ({ machine: chosen }, { out: file }: FileOption) => {
        await save(await chosen.journal(), file);
      }),
    );
  addClock(machine);
  addCheck(machine);
}

function addClock(machine: Command): void {
  machine
    .command('clock')
    .description('what virtual time it is, or move it on')
    .argument('[ns]', 'by so much', uint64)
    .action(
      action(async ({ machine: chosen, out }, ns: bigint | undefined) => {
        const nowNs =
          ns === undefined ? (await chosen.view()).nowNs : await chosen.advanceClock(ns);
        out.one({ nowNs }, `${nowNs} ns`);
      }),
    );
}

function addCheck(machine: Command): void {
  machine
    .command('check')
    .description('check the invariants of --machine now; exit status 1 if one does not hold')
    .action(
      action(async ({ machine: chosen, out }) => {
        const [violations, stateHash] = await Promise.all([
          chosen.checkInvariants(),
          chosen.stateHash(),
        ]);
        out.one({ violations, stateHash }, `state ${stateHash}: ${violations.length} violations`);
        if (violations.length > 0) throw new CommandFailure(violations.join('\n'));
      }),
    );
}

/** Writes a document where it was asked for. */
export async function save(content: string | Uint8Array, file?: string): Promise<void> {
  if (file !== undefined) return writeFile(file, content);
  await new Promise<void>((resolve) => process.stdout.write(content, () => resolve()));
}
