import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

const TRACES = join(import.meta.dirname, '../conformance/traces');

/** The recordings in the tree, as "xen-4.17/bind_ipi". */
export function traceNames(): string[] {
  return readdirSync(TRACES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl.gz'))
    .map((path) => path.slice(0, -'.jsonl.gz'.length))
    .sort();
}

export function traceText(name: string): string {
  return gunzipSync(readFileSync(join(TRACES, `${name}.jsonl.gz`))).toString();
}
