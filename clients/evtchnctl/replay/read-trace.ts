import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import { TraceError } from '../../../core/index.ts';
import { readProblem } from './find-traces.ts';

/** The longest recording has 1 MiB: what is far beyond that is a mistake, or an attack. */
const TEXT_BYTES_MAX = 256 * 1024 * 1024;

const GZIP_MAGIC = [0x1f, 0x8b] as const;

const unzip = promisify(gunzip);

/** The text of a trace file, unpacked if it is packed, whatever it is called. */
export async function readTrace(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    const isPacked = bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];
    const text = isPacked ? await unzip(bytes, { maxOutputLength: TEXT_BYTES_MAX }) : bytes;
    return text.toString('utf8');
  } catch (error) {
    throw new TraceError(`${path}: ${readProblem(error)}`);
  }
}
