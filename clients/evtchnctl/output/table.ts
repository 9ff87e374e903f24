import { styleText } from 'node:util';
import Table from 'cli-table3';

export type Cell = string | number | boolean | undefined;

/** No lines: columns are enough, and what is copied from a terminal is text. */
const CHARS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

/** Rows in columns; colours only on a terminal. */
export function table(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const grid = new Table({
    chars: CHARS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2, compact: true },
    head: head.map((name) => styleText('bold', name, { stream: process.stdout })),
  });
  for (const row of rows) grid.push(row.map(cellText));
  return grid
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const cellText = (cell: Cell): string => {
  if (cell === undefined) return '-';
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : String(cell);
};
