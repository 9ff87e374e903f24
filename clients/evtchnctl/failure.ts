import { styleText } from 'node:util';
import { CommanderError } from 'commander';

import { ConnectionError, EvtchndError, RefusedError, XenError } from '../typescript/index.ts';

/** Something that a command found wrong; it has nothing to add but its message. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

const FAILED = 1;
const USAGE = 2;

/** Says on stderr what was wrong, and answers the exit status. */
export function fail(error: unknown, asJson: boolean): number {
  // Commander has printed its own messages, and help that was asked for is no failure.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  // The client's own objections to an argument.
  const isUsage = error instanceof TypeError && !('cause' in error);
  if (!isKnown(error) && !isUsage) throw error;
  if (asJson) console.error(JSON.stringify({ error: describe(error) }));
  else console.error(`${prefix()} ${error.message}`);
  return isUsage ? USAGE : FAILED;
}

export const prefix = (): string => styleText('red', 'evtchnctl:', { stream: process.stderr });

const isKnown = (error: unknown): error is Error =>
  error instanceof EvtchndError ||
  error instanceof CommandFailure ||
  (error instanceof Error && 'syscall' in error);

function describe(error: Error): Record<string, unknown> {
  const { name, message } = error;
  if (error instanceof XenError) {
    return { name, errno: error.errno, number: error.number, op: error.op, message };
  }
  if (error instanceof RefusedError) return { name, reason: error.reason, message };
  if (error instanceof ConnectionError) {
    return { name, status: error.status, mayHaveExecuted: error.mayHaveExecuted, message };
  }
  return { name, message };
}
