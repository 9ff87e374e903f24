import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import { createProgram } from '../../../clients/evtchnctl/program.ts';

const MAIN = fileURLToPath(new URL('../../../clients/evtchnctl/main.ts', import.meta.url));

/** Runs a command in this process, and answers what it prints on stdout. */
export async function ctl(address: string, ...args: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  const quiet = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await createProgram().parseAsync(['--address', address, ...args], { from: 'user' });
  } finally {
    log.mockRestore();
    quiet.mockRestore();
  }
  return lines.join('\n');
}

/** The objects that a command prints with --json. */
export async function ctlJson(address: string, ...args: readonly string[]): Promise<unknown[]> {
  const text = await ctl(address, '--json', ...args);
  return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as unknown);
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process takes its time to start, on a machine that has much to do. */
export const PROCESS_TIMEOUT_MS = 60_000;

/** Runs evtchnctl as a process of its own. */
export function runCtl(...args: readonly string[]): Promise<Ended> {
  return ended(startCtl(...args));
}

/** Runs evtchnctl, and interrupts it, as Ctrl-C does, when it has printed something. */
export function interruptCtl(...args: readonly string[]): Promise<Ended> {
  const child = startCtl(...args);
  child.stdout.once('data', () => child.kill('SIGINT'));
  return ended(child);
}

function startCtl(...args: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
  const flags = ['--disable-warning=ExperimentalWarning', MAIN];
  return spawn(process.execPath, [...flags, ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function ended(child: ChildProcessByStdio<null, Readable, Readable>): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
