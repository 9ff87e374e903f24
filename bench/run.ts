// `npm run bench`: every figure with its peer and its target, as README.md explains them.

import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Each in a process of its own, so that none pays for what another has compiled or left behind. */
const SECTIONS = [
  new URL('./memory.ts', import.meta.url),
  new URL('./core.ts', import.meta.url),
  new URL('./replay.ts', import.meta.url),
  new URL('./transport.ts', import.meta.url),
  new URL('./attach.ts', import.meta.url),
];

/** Several times what any section takes: one that hangs is ended, and its servers go with it. */
const SECTION_MS = 120_000;

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());

for (const section of SECTIONS) {
  const child = fork(section, { timeout: SECTION_MS, signal: stop.signal });
  const [status] = await once(child, 'exit');
  if (status !== 0) process.exitCode = 1;
}
