import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, credentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { startApp } from '../../server/app.ts';
import { completeConfig } from '../../server/config.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import { call, openStream } from './grpc-support.ts';

const MAIN = join(import.meta.dirname, '../../server/main.ts');

let folder: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evtchnd-start-'));
});
afterEach(async () => {
  for (const child of processes.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

function start(flags: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN, ...flags], {
    env: { ...process.env, XDG_RUNTIME_DIR: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  processes.push(child);
  return child;
}

const FREE_PORTS = ['--grpc-address', '127.0.0.1:0', '--http-address', '127.0.0.1:0'];

/** Starts a server, and answers with its start-up line. */
async function serve(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const child = start([...FREE_PORTS, ...flags], env);
  for await (const line of createInterface(child.stdout!)) {
    const entry = JSON.parse(line) as { msg: string; grpcAddress: string; socket?: string };
    if (entry.msg === 'evtchnd serves') return { child, ...entry };
  }
  throw new Error('the server ended before it served');
}

/** Runs a server that cannot start. */
async function fails(flags: readonly string[]): Promise<{ status: number | null; text: string }> {
  const child = start(flags);
  let text = '';
  child.stderr!.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, text };
}

async function listening(): Promise<{ holder: Server; port: number }> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  return { holder, port: (holder.address() as AddressInfo).port };
}

async function isServed(address: string): Promise<boolean> {
  const client = new Client(address, credentials.createInsecure());
  const { machines: found } = await call(client, machines.listMachines);
  client.close();
  return found.length === 1;
}

describe('evtchnd at start', () => {
  it('serves over TCP and over a Unix socket that only its owner can use', async () => {
    const { child, grpcAddress, socket } = await serve();

    expect(socket).toBe(join(folder, 'evtchnd.sock'));
    expect(statSync(socket!).mode & 0o777).toBe(0o600);
    expect(await isServed(grpcAddress)).toBe(true);
    expect(await isServed(`unix:${socket}`)).toBe(true);

    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    expect(status).toBe(0);
    expect(existsSync(socket!)).toBe(false);
  });

  it('ends at once at a second signal, whoever is still connected', async () => {
    const { child, grpcAddress } = await serve(['--drain-ms', '60000']);
    const client = new Client(grpcAddress, credentials.createInsecure());
    const watch = openStream(client, HealthService.watch, {});
    watch.on('error', () => undefined);
    const statuses: number[] = [];
    for await (const { status } of watch as AsyncIterable<{ status: number }>) {
      statuses.push(status);
      child.kill('SIGTERM'); // Again once the first was taken: the server says NOT_SERVING then.
      if (statuses.length === 2) break;
    }
    const [status] = (await once(child, 'exit')) as [number | null];
    client.close();

    expect(statuses).toEqual([1, 2]);
    expect(status).toBe(143);
  });

  it('takes settings from the environment, and a flag wins', async () => {
    const path = join(folder, 'mine.sock');
    const env = { EVTCHND_SOCKET: path, EVTCHND_GRPC_ADDRESS: 'nonsense' };

    const { socket, grpcAddress } = await serve([], env);

    expect(socket).toBe(path);
    expect(await isServed(grpcAddress)).toBe(true);
  });

  it('serves no Unix socket if it is off', async () => {
    const { socket } = await serve(['--socket', 'off']);

    expect(socket).toBeUndefined();
    expect(existsSync(join(folder, 'evtchnd.sock'))).toBe(false);
  });

  it('says which address is taken, by whom, and which flag changes it', async () => {
    const { holder, port } = await listening();

    for (const flag of ['--grpc-address', '--http-address']) {
      const other = flag === '--grpc-address' ? '--http-address' : '--grpc-address';
      const { status, text } = await fails([flag, `127.0.0.1:${port}`, other, '127.0.0.1:0']);

      expect(status).toBe(1);
      expect(text.trimEnd().split('\n')).toHaveLength(1);
      expect(text).toContain(`127.0.0.1:${port} is taken`);
      expect(text).toContain(flag);
      if (process.platform === 'linux') expect(text).toContain(`process ${process.pid}`);
    }
    holder.close();
  });

  it('removes a socket file that a dead server left', async () => {
    const { child, socket } = await serve();
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(socket!)).toBe(true);

    const { socket: again } = await serve();

    expect(await isServed(`unix:${again}`)).toBe(true);
  });

  it('leaves the socket of a live server alone', async () => {
    const { socket } = await serve();

    const { status, text } = await fails(FREE_PORTS);

    expect(status).toBe(1);
    expect(text).toContain(`another server answers on ${socket}`);
    expect(await isServed(`unix:${socket}`)).toBe(true);
  });

  it('never deletes a file that is no socket', async () => {
    const path = join(folder, 'evtchnd.sock');
    writeFileSync(path, 'precious');

    const { status, text } = await fails(FREE_PORTS);

    expect(status).toBe(1);
    expect(text).toContain(`${path} exists and is not a socket`);
    expect(statSync(path).size).toBe(8);
  });

  const refused = [
    { config: { grpcAddress: '0.0.0.0:0' }, says: '0.0.0.0 is not a loopback address' },
    { config: { httpAddress: '[::]:0' }, says: ':: is not a loopback address' },
    { config: { grpcAddress: 'example.org:50051' }, says: 'is not a loopback address' },
    { config: { grpcAddress: '50051' }, says: '--grpc-address 50051: give HOST:PORT' },
    { config: { httpAddress: '127.0.0.1:70000' }, says: 'give HOST:PORT' },
    { config: { socket: `/tmp/${'x'.repeat(200)}` }, says: 'at most 103 bytes' },
    { config: { socket: '/no/such/folder/evtchnd.sock' }, says: 'cannot listen on /no/such' },
  ];
  it.each(refused)('refuses $config', async ({ config, says }) => {
    const addresses = { grpcAddress: '127.0.0.1:0', httpAddress: '127.0.0.1:0' };
    const quiet = { logLevel: 'silent', socket: undefined } as const;

    const started = startApp(completeConfig({ ...addresses, ...quiet, ...config }));

    await expect(started).rejects.toThrow(says);
  });

  it('refuses flags and values that it does not know', async () => {
    const cases = [
      { flags: ['--xen', '3.0'], says: '4.17, 4.20, 4.22' },
      { flags: ['--machines-max', '0'], says: 'whole number from 1 on' },
      { flags: ['--port', '1'], says: "unknown option '--port'" },
    ];
    const answers = await Promise.all(cases.map(({ flags }) => fails([...FREE_PORTS, ...flags])));

    for (const [index, { status, text }] of answers.entries()) {
      expect(status).toBe(1);
      expect(text).toContain(cases[index]!.says);
    }
  });

  it('explains every setting with --help', async () => {
    const child = start(['--help']);
    let text = '';
    child.stdout!.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await once(child, 'close');

    for (const name of ['GRPC_ADDRESS', 'HTTP_ADDRESS', 'SOCKET', 'LOG_LEVEL', 'XEN', 'DRAIN_MS']) {
      expect(text).toContain(`EVTCHND_${name}`);
    }
  });
});
