import type { MachineConfig, MachineOptions } from './config.ts';
import { opInfo } from './op-table.ts';
import type { Op } from './op.ts';

export const JOURNAL_FORMAT = 'evtchnd-journal/1';

/** A journal text that cannot be replayed: the message names the line and what is wrong there. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/** A header with the configuration and the base (JSON too), then an op a line. */
export function* journalLines(
  config: MachineConfig,
  base: string | undefined,
  ops: Iterable<Op>,
): Generator<string, void, void> {
  const header = JSON.stringify({ format: JOURNAL_FORMAT, config });
  yield base === undefined ? header : `${header.slice(0, -1)},"base":${base}}`;
  for (const op of ops) yield JSON.stringify(op);
}

export function parseJournal(text: string): {
  config: MachineOptions;
  base: unknown;
  ops: Op[];
} {
  const [first, ...rest] = text.split('\n');
  const header = parseLine(first ?? '', 1);
  if (header['format'] !== JOURNAL_FORMAT) {
    const found = JSON.stringify(header['format']);
    throw new JournalError(`line 1: the format is ${found}, not "${JOURNAL_FORMAT}"`);
  }
  if (rest.pop() !== '') throw new JournalError('the last line has no end: the journal is cut off');
  const ops = rest.map((line, index) => parseOp(line, index + 2));
  return { config: header['config'] as MachineOptions, base: header['base'], ops };
}

function parseOp(text: string, line: number): Op {
  const op = parseLine(text, line);
  const info = typeof op['op'] === 'string' ? opInfo(op['op']) : undefined;
  if (info === undefined) throw new JournalError(`line ${line}: no op "${String(op['op'])}"`);
  for (const name of ['caller', ...info.args]) {
    if (typeof op[name] !== 'number') {
      throw new JournalError(`line ${line}: ${info.name} needs a number as ${name}`);
    }
  }
  const { list } = info;
  if (list !== undefined && !isNumbers(op[list])) {
    throw new JournalError(`line ${line}: ${info.name} needs a list of numbers as ${list}`);
  }
  return op as unknown as Op;
}

const isNumbers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');

function parseLine(text: string, line: number): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Reported below, as what is no object is.
  }
  throw new JournalError(`line ${line}: not a JSON object`);
}
