import type { Command } from 'commander';

import { connect, DEFAULT_MACHINE } from '../typescript/index.ts';
import type { Client, ConnectOptions, Machine } from '../typescript/index.ts';
import { Output } from './output/output.ts';

/** Options that every command takes. */
export interface GlobalOptions {
  readonly address?: string;
  readonly machine: string;
  readonly json?: boolean;
}

/** What a command works with. */
export interface Context {
  readonly client: Client;
  /** The machine that --machine names. */
  readonly machine: Machine;
  readonly out: Output;
}

/** Adds the options that every command takes. */
export const addGlobalOptions = (program: Command): Command =>
  program
    .option(
      '--address <address>',
      'host:port or unix:path (default: $EVTCHND_ADDRESS or 127.0.0.1:50051)',
    )
    .option('--machine <name>', 'the machine to act in', DEFAULT_MACHINE)
    .option('--json', 'one JSON object, or one a line');

/** A person waits: what cannot be reached is told at once, not tried again. */
const IMPATIENT: ConnectOptions = { reconnectMs: 0 };

/**
 * The action of a command: connects, runs `body` with the command's arguments and options, and
 * closes the connection.
 */
export const action =
  <Args extends readonly unknown[]>(
    body: (context: Context, ...args: Args) => Promise<void>,
    options: ConnectOptions = IMPATIENT,
  ) =>
  async (...all: unknown[]): Promise<void> => {
    const command = all.at(-1) as Command;
    const { address, machine, json } = command.optsWithGlobals<GlobalOptions>();
    using client = connect(address, options);
    const context = { client, machine: client.machine(machine), out: new Output(json === true) };
    // Commander passes the arguments, then the options, then the command.
    await body(context, ...(all.slice(0, -1) as unknown as Args));
  };
