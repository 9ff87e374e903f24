import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file to replay, or why what was named cannot be. */
export interface Found {
  readonly path: string;
  readonly problem?: string;
}

const TRACE = /\.jsonl(?:\.gz)?$/;

/**
 * The traces that are meant: files as they are named, and of folders all *.jsonl and *.jsonl.gz,
 * however deep, in the order of their names.
 */
export async function findTraces(paths: readonly string[]): Promise<Found[]> {
  const found: Found[] = [];
  for (const path of paths) found.push(...(await findIn(path)));
  return found;
}

async function findIn(path: string): Promise<Found[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ path }];
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => TRACE.test(entry.name) && !entry.isDirectory())
      .map((entry) => ({ path: join(entry.parentPath, entry.name) }))
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  } catch (error) {
    return [{ path, problem: readProblem(error) }];
  }
}

/** Why a file or folder cannot be read, for people. */
export function readProblem(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'there is no such file or folder';
  return code === 'EACCES' ? 'it may not be read' : message;
}
