import { spawn } from 'node:child_process';
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

/** Runs evtchnctl as a process of its own. */
export function runCtl(...args: readonly string[]): Promise<Ended> {
  const flags = ['--disable-warning=ExperimentalWarning', MAIN];
  const child = spawn(process.execPath, [...flags, ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
}
