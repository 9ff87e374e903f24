import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { interruptCtl, PROCESS_TIMEOUT_MS, runCtl } from '../support/ctl.ts';
import type { Ended } from '../support/ctl.ts';
import { connectTo, startService } from '../support/service.ts';

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

const TRACES = fileURLToPath(new URL('../../conformance/traces', import.meta.url));

const SOME = [
  'xen-4.22/bind_interdomain.jsonl.gz',
  'xen-4.17/unknown_ops.jsonl.gz',
  'xen-4.20/rand_fifo_3000.jsonl.gz',
  'xen-4.22/fifo_basic.jsonl.gz',
];

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evtchnctl-replay-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const textOf = (trace: string): string => gunzipSync(readFileSync(join(TRACES, trace))).toString();

/** Replays over gRPC and in process: both must tell the same. */
async function replay(...args: readonly string[]): Promise<Ended> {
  const { grpcAddress } = await startService();
  const [remote, local] = await Promise.all([
    runCtl('replay', '--address', grpcAddress, ...args),
    runCtl('replay', '--local', ...args),
  ]);
  expect(local).toEqual(remote);
  return remote;
}

describe('replay', () => {
  it('finds no difference in recordings of real Xen, packed or not, in folders', async () => {
    mkdirSync(join(folder, 'deep', 'deeper'), { recursive: true });
    copyFileSync(join(TRACES, SOME[0]!), join(folder, 'a.jsonl.gz'));
    writeFileSync(join(folder, 'deep', 'deeper', 'b.jsonl'), textOf(SOME[1]!));
    writeFileSync(join(folder, 'notes.txt'), 'not a trace');

    const { status, stdout, stderr } = await replay(folder, join(TRACES, SOME[2]!));

    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^3 traces, \d+ ops, 0 differences\n$/);
  });

  it('tells what a tampered trace expects and what it got, and ends with status 1', async () => {
    const file = join(folder, 'tampered.jsonl');
    const lines = textOf(SOME[0]!).split('\n');
    const at = lines.findIndex(
      (line) => line.includes('"op":"bind_interdomain"') && line.includes('"rc":0'),
    );
    lines[at] = lines[at]!.replace(/"local_port":\d+/, '"local_port":999');
    writeFileSync(file, lines.join('\n'));

    const { status, stdout } = await replay(file);

    expect(status).toBe(1);
    expect(stdout).toContain(`${file}:${at + 1}: op `);
    expect(stdout).toMatch(/ {2}expected rc 0, local_port 999\n {2}got {6}rc 0, local_port \d+\n/);
    expect(stdout).toMatch(/\n1 traces, \d+ ops, 1 differences\n$/);
  });

  it('tells differences as JSON, and the sum last', async () => {
    const file = join(folder, 'tampered.jsonl');
    writeFileSync(file, textOf(SOME[0]!).replaceAll('"local_port":', '"local_port":9'));

    const { status, stdout } = await runCtl('replay', '--local', '--json', file);

    const objects = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(status).toBe(1);
    expect(objects[0]).toMatchObject({ kind: 'difference', trace: file, line: expect.any(Number) });
    expect(objects.at(-2)).toMatchObject({ kind: 'trace', trace: file });
    expect(objects.at(-1)).toMatchObject({ kind: 'summary', traces: 1, problems: 0 });
  });

  it('names file and line of what is no whole trace, and replays the others', async () => {
    const text = textOf(SOME[0]!);
    const cut = join(folder, 'cut.jsonl');
    const broken = join(folder, 'broken.jsonl');
    const packed = join(folder, 'packed.jsonl.gz');
    writeFileSync(cut, text.slice(0, text.length / 2));
    writeFileSync(broken, text.replace('\n', '\nnonsense\n'));
    writeFileSync(packed, readFileSync(join(TRACES, SOME[0]!)).subarray(0, 100));
    copyFileSync(join(TRACES, SOME[3]!), join(folder, basename(SOME[3]!)));

    const { status, stdout, stderr } = await replay(folder, join(folder, 'missing.jsonl'));

    expect(status).toBe(1);
    expect(stdout).toMatch(/^1 traces, \d+ ops, 0 differences\n$/);
    const lastLine = text.slice(0, text.length / 2).split('\n').length;
    expect(stderr).toContain(`evtchnctl: ${cut}:${lastLine}: not JSON`);
    expect(stderr).toContain(`evtchnctl: ${broken}:2: not JSON`);
    expect(stderr).toContain(`evtchnctl: ${packed}: unexpected end of file`);
    expect(stderr).toContain('missing.jsonl: there is no such file or folder');
    expect(stderr).toContain('4 could not be replayed');
  });

  it('finds it wrong that there is nothing to replay', async () => {
    const { status, stderr } = await replay(folder);

    expect(status).toBe(1);
    expect(stderr).toContain('no trace in ');
  });

  it('tells how far it got when it is interrupted, with status 130', async () => {
    const { grpcAddress } = await startService();

    const { status, stderr } = await interruptCtl(
      'replay',
      '--json',
      '--address',
      grpcAddress,
      TRACES,
    );

    expect(status).toBe(130);
    expect(stderr).toMatch(/interrupted after \d+ traces, \d+ ops, 0 differences\n$/);
    const machines = await connectTo(grpcAddress).machines();
    expect(machines.map(({ name }) => name)).toEqual(['default']);
  });

  it('leaves no machine behind in the service', async () => {
    const { grpcAddress } = await startService();

    await runCtl('replay', '--address', grpcAddress, join(TRACES, SOME[0]!));

    const machines = await connectTo(grpcAddress).machines();
    expect(machines.map(({ name }) => name)).toEqual(['default']);
  });

  it('says once that the service is not running', async () => {
    const { status, stdout, stderr } = await runCtl('replay', '--address', '127.0.0.1:1', TRACES);

    expect([status, stdout]).toEqual([1, '']);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('nothing answers at 127.0.0.1:1');
  });
});
