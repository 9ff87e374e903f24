import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EventChannelServiceService as evtchn } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { TraceServiceService as rpc } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { RecordResponse, RecordStep } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import {
  Reader,
  call,
  complete,
  describeFailure,
  failure,
  freshName,
  openDuplex,
  openStream,
  serve,
  upload,
} from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig, opMessage } from './machine-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

async function createMachine(): Promise<string> {
  const machine = freshName();
  const domains = [domainConfig({ dom: 0, privileged: true }), domainConfig({ dom: 1, vcpus: 2 })];
  await call(server.client, machines.createMachine, { machine, domains });
  await call(server.client, evtchn.bindIpi, { machine, caller: 1, vcpu: 1 });
  await call(server.client, evtchn.send, { machine, caller: 1, port: 1 });
  return machine;
}

async function exportOf(machine: string): Promise<string> {
  const stream = openStream(server.client, rpc.exportTrace, { machine });
  const messages = await new Reader<{ chunk: string }>(stream).rest();
  return messages.map(({ chunk }) => chunk).join('');
}

const replay = (trace: string, text: string) => {
  const half = text.length >> 1;
  return upload(server.client, rpc.replayTrace, [
    { trace, chunk: Buffer.from(text.slice(0, half)) },
    { trace: '', chunk: Buffer.from(text.slice(half)) },
  ]);
};

describe('ExportTrace and ReplayTrace', () => {
  it('give a machine that does again what it did', async () => {
    const text = await exportOf(await createMachine());

    const report = await replay('mine', text);

    expect(JSON.parse(text.split('\n')[0]!)).toMatchObject({ format: 'xen-evtchn-trace/1' });
    expect(report).toEqual({ trace: 'mine', ops: 2n, differences: [], differenceCount: 0n });
  });

  it('tell what a tampered trace says otherwise', async () => {
    const text = await exportOf(await createMachine());
    const tampered = text.replace('"out":{"port":1}', '"out":{"port":2}');

    const { differences, differenceCount } = await replay('tampered', tampered);

    expect(tampered).not.toBe(text);
    expect(differenceCount).toBe(BigInt(differences.length));
    expect(differences[0]).toMatchObject({ trace: 'tampered', i: 1 });
    expect(differences[0]?.expected).toContain('2');
    expect(differences[0]?.got).toContain('1');
  });

  it('refuse what is cut off, damaged or no trace, and name the line', async () => {
    const text = await exportOf(await createMachine());
    const lines = text.trimEnd().split('\n');

    const cases = [
      lines.slice(0, -1).join('\n'),
      text.replace('xen-evtchn-trace/1', 'xen-evtchn-trace/2'),
      [lines[0], 'x', lines.at(-1)].join('\n'),
      '',
    ];
    for (const bad of cases) {
      const answer = await failure(replay('bad', bad));
      expect(answer).toMatchObject({ code: 3, reason: 'BAD_TRACE' });
      expect(answer.message).toMatch(/^bad:\d+: /);
    }
  });

  it('refuse a machine whose journal begins later', async () => {
    const [machine, fork] = [await createMachine(), freshName()];
    await call(server.client, machines.forkMachine, { machine, fork });

    const answer = await failure(exportOf(fork));

    expect(answer).toMatchObject({ code: 9, reason: 'JOURNAL_INCOMPLETE' });
  });

  it('replay recordings of real Xen without a difference', async () => {
    const folder = new URL('../conformance/traces/xen-4.22/', import.meta.url);
    const text = gunzipSync(readFileSync(new URL('bind_virq_all.jsonl.gz', folder))).toString();

    const report = await replay('bind_virq_all', text);

    expect(report.ops).toBeGreaterThan(0n);
    expect(report.differences).toEqual([]);
  });
});

const step = (i: number, what: RecordStep['step'], repeat = 0): RecordStep => ({
  i,
  step: what,
  repeat,
});

const request = (fields: Partial<Parameters<typeof rpc.record.requestSerialize>[0]>) =>
  complete(rpc.record, fields);

describe('Record', () => {
  const config = domainConfig({ dom: 1, vcpus: 2 });
  const create = opMessage({ $case: 'createDomain', value: { config } });
  const dom0 = domainConfig({ dom: 0, privileged: true });
  const createDom0 = opMessage({ $case: 'createDomain', value: { config: dom0 } });
  const from1 = (op: Parameters<typeof opMessage>[0]) => ({ ...opMessage(op), caller: 1 });

  it('answers steps with the lines that a trace has for them', async () => {
    const stream = openDuplex(server.client, rpc.record);
    const open = { subject: undefined };
    stream.write(
      request({
        id: 1,
        open,
        steps: [
          step(0, { $case: 'arrange', value: { ...createDom0, caller: 32754 } }),
          step(0, { $case: 'arrange', value: { ...create, caller: 32754 } }),
          step(0, { $case: 'attach', value: { dom: 1 } }),
          step(1, { $case: 'op', value: from1({ $case: 'bindIpi', value: { vcpu: 1 } }) }, 3),
        ],
      }),
    );
    stream.write(
      request({
        id: 2,
        steps: [
          step(2, { $case: 'op', value: from1({ $case: 'send', value: { port: 2 } }) }),
          step(3, { $case: 'op', value: from1({ $case: 'send', value: { port: 99 } }) }),
          step(4, { $case: 'observe', value: { dom: 1 } }),
          step(4, { $case: 'audit', value: { dom: 1, limit: 4 } }),
          step(5, { $case: 'join', value: { caller: 1, callerVcpu: 0 } }),
        ],
      }),
    );
    stream.end();

    const [first, second] = await new Reader<RecordResponse>(stream).rest();

    const parse = (text: string) => text.split('\n').map((line) => JSON.parse(line) as unknown);
    expect(first?.id).toBe(1);
    expect(first?.lines.slice(0, 3)).toEqual(['', '', '']);
    expect(parse(first!.lines[3]!)).toEqual([{ i: 1, rc: 0, first_port: 1, last_port: 3 }]);
    const lines = second!.lines.map(parse);
    expect(lines[0]).toMatchObject([
      { i: 2, rc: 0 },
      { i: 2, observe: 1, pending: [2] },
    ]);
    expect(lines[1]).toMatchObject([{ i: 3, rc: -22, errno: 'EINVAL' }]);
    expect(lines[2]).toMatchObject([{ i: 4, observe: 1, full: true, pending: [2] }]);
    expect(lines[3]).toMatchObject([{ i: 4, audit: 1, scanned: 4, stop_rc: 0 }]);
    expect(lines[4]).toEqual([{ i: 5, idle: true }]);
  });

  it('works in a machine of the server as well, whose watchers see it', async () => {
    const machine = await createMachine();
    const watch = openStream(server.client, rpc.watchEffects, { machine, fromSequence: 1n });
    const watched = new Reader<{ nextSequence: bigint }>(watch);
    const { nextSequence } = await watched.next();

    const stream = openDuplex(server.client, rpc.record);
    const send = from1({ $case: 'send', value: { port: 1 } });
    const open = { subject: { $case: 'machine', value: machine } as const };
    stream.write(request({ open, steps: [step(1, { $case: 'op', value: send })] }));
    stream.end();

    await new Reader<RecordResponse>(stream).rest();
    expect((await watched.next()).nextSequence).toBe(nextSequence + 1n);
    watch.cancel();
  });

  it('must be opened first, and its steps must say what to do', async () => {
    const failureOf = async (fields: Parameters<typeof request>[0]) => {
      const stream = openDuplex(server.client, rpc.record);
      stream.write(request(fields));
      const error = await new Reader<RecordResponse>(stream).rest().then(
        () => undefined,
        (thrown: ServiceError) => thrown,
      );
      return describeFailure(error!);
    };

    const open = { subject: undefined };
    expect(await failureOf({ id: 1 })).toMatchObject({ code: 3, reason: 'NO_OPEN' });
    expect(await failureOf({ open, steps: [step(1, undefined)] })).toMatchObject({
      code: 3,
      reason: 'BAD_ARGUMENT',
    });
    const huge = step(1, { $case: 'op', value: create }, 10_000_000);
    expect(await failureOf({ open, steps: [huge] })).toMatchObject({
      code: 3,
      reason: 'BATCH_TOO_LARGE',
    });
  });
});
