import { table } from './table.ts';
import type { Cell } from './table.ts';

/** How records of one kind become rows. */
export interface Columns<Record> {
  readonly head: readonly string[];
  readonly row: (record: Record) => readonly Cell[];
}

/** Prints what a command found: text for people, or JSON with --json. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** One result: an object, or the text that says the same. */
  one(value: object, text: string): void {
    console.log(this.json ? stringify(value) : text);
  }

  /** A command that gave nothing but that it went well. */
  done(text = 'done'): void {
    this.one({ ok: true }, text);
  }

  /** Records of one kind: a line each, or a table. */
  list<Record extends object>(records: readonly Record[], columns: Columns<Record>): void {
    if (!this.json) {
      console.log(table(columns.head, records.map(columns.row)));
      return;
    }
    for (const record of records) console.log(stringify(record));
  }

  /** One object, or a table of its fields. */
  fields(value: object): void {
    if (this.json) {
      console.log(stringify(value));
      return;
    }
    const rows = Object.entries(value).map(([name, field]) => [name, fieldText(field)]);
    console.log(table([], rows));
  }
}

/** JSON, in which a word of 64 bits is a text in hexadecimal. */
export const stringify = (value: unknown): string =>
  JSON.stringify(value, (_name, field: unknown) =>
    typeof field === 'bigint' ? `0x${field.toString(16)}` : field,
  );

function fieldText(field: unknown): string {
  if (field instanceof Date) return field.toISOString();
  if (Array.isArray(field) && field.every((item) => typeof item === 'number')) {
    return field.length === 0 ? '-' : field.join(' ');
  }
  return typeof field === 'string' ? field : stringify(field);
}
