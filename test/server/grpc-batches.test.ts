import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { BATCH_OPS_MAX } from '../../server/config.ts';
import { readOp } from '../../server/rpc/op-reader.ts';
import { OP_WIRES } from '../../server/rpc/op-wire.ts';
import { WireReader } from '../../server/rpc/wire-reader.ts';
import { EventChannelServiceService as rpc } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { Op, RefusalReason } from '../../proto/gen/evtchnd/v1/op.ts';
import { EvtchnState, GuestKind } from '../../proto/gen/evtchnd/v1/types.ts';
import { call, failure, freshName, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig, opMessage } from './machine-support.ts';

const DOMID_SELF = 32752;
const REFUSED_RC = -2147483648;
let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = freshName();
  const domains = [0, 1, 2].map((dom) => domainConfig({ dom, privileged: dom === 0, vcpus: 2 }));
  await call(server.client, machines.createMachine, { machine, domains });
});

const multicall = async (ops: Op[]) =>
  (await call(server.client, rpc.multicall, { machine, caller: 1, ops })).results;

describe('Multicall', () => {
  it('runs every op in order, each with its own rc', async () => {
    const results = await multicall([
      opMessage({ $case: 'bindIpi', value: { vcpu: 1 } }),
      opMessage({ $case: 'send', value: { port: 1 } }),
      opMessage({ $case: 'close', value: { port: 99 } }),
      opMessage({ $case: 'status', value: { dom: DOMID_SELF, port: 1 } }),
      opMessage({ $case: 'close', value: { port: 1 } }),
    ]);

    expect(results.map(({ rc }) => rc)).toEqual([0, 0, -22, 0, 0]);
    expect(results[0]?.out).toEqual({ $case: 'port', value: 1 });
    expect(results[3]?.out).toMatchObject({
      $case: 'status',
      value: { status: 5, state: EvtchnState.IPI, vcpu: 1 },
    });
  });

  it('refuses an op that nobody could make, and runs those after it', async () => {
    const results = await multicall([
      opMessage(undefined),
      { ...opMessage({ $case: 'send', value: { port: 1 } }), caller: 7 },
      opMessage({ $case: 'bindIpi', value: { vcpu: 0 } }),
    ]);

    expect(results.map(({ rc }) => rc)).toEqual([REFUSED_RC, REFUSED_RC, 0]);
    expect(results[0]?.refusal?.reason).toBe(RefusalReason.BAD_ARGUMENT);
    expect(results[1]?.refusal?.reason).toBe(RefusalReason.NO_CALLER);
    expect(results[1]?.refusal?.message).toContain('domain 7');
  });

  it('lets an op name its own caller, which then acts with vCPU 0', async () => {
    const { results } = await call(server.client, rpc.multicall, {
      machine,
      caller: 1,
      callerVcpu: 1,
      ops: [
        opMessage({ $case: 'vcpuDown', value: { vcpu: 1 } }),
        { ...opMessage({ $case: 'bindIpi', value: { vcpu: 0 } }), caller: 2 },
        opMessage({ $case: 'bindIpi', value: { vcpu: 0 } }),
      ],
    });

    expect(results.map(({ rc }) => rc)).toEqual([0, 0, REFUSED_RC]);
    expect(results[2]?.refusal?.reason).toBe(RefusalReason.CANNOT_RUN);
  });

  it('answers EFAULT for an argument pointer that is none', async () => {
    const bad = { ...opMessage({ $case: 'send', value: { port: 1 } }), badPointer: true };

    const [result] = await multicall([bad]);

    expect(result?.rc).toBe(-14);
  });

  it('gives words of guest memory as they were before', async () => {
    const results = await multicall([
      opMessage({
        $case: 'initControl',
        value: { gfn: 0n, offset: 0, vcpu: 0, sharedInfo: false },
      }),
      opMessage({ $case: 'expandArray', value: { gfn: 1n, sharedInfo: false } }),
      opMessage({ $case: 'wOr', value: { port: 3, value: 0xc0000000 } }),
      opMessage({ $case: 'wAnd', value: { port: 3, value: 0x7fffffff } }),
      opMessage({
        $case: 'memAtomic',
        value: {
          gfn: 1n,
          offset: 8,
          width: 64,
          action: 1,
          lo: 0,
          hi: 0,
          cmpLo: 0,
          cmpHi: 0,
          sharedInfo: false,
        },
      }),
    ]);

    expect(results.map(({ out }) => out)).toEqual([
      { $case: 'linkBits', value: 17 },
      undefined,
      { $case: 'old', value: 0 },
      { $case: 'old', value: 0xc0000000 },
      { $case: 'oldWord', value: { lo: 0, hi: 0x40000000 } },
    ]);
  });

  it('takes 4096 ops, and runs none of 4097', async () => {
    const ops = Array.from({ length: BATCH_OPS_MAX }, () =>
      opMessage({ $case: 'bindIpi', value: { vcpu: 0 } }),
    );

    const tooMany = await failure(multicall([...ops, ...ops.slice(0, 1)]));
    const results = await multicall(ops);

    expect(tooMany).toMatchObject({ code: 3, reason: 'BATCH_TOO_LARGE' });
    expect(tooMany.message).toContain('at most 4096');
    expect(results.length).toBe(BATCH_OPS_MAX);
    expect(results[0]?.out).toEqual({ $case: 'port', value: 1 });
    expect(results.at(-1)?.rc).toBe(-28);
  });
});

/** As the core names its argument `gfn`, given the field `gfn` of a message. */
const toCore = (value: Record<string, unknown>, args: readonly string[]) =>
  Object.fromEntries(args.map((name) => [name, Number(value[name])]));

describe('an op on the wire', () => {
  const special = new Set(['create_domain', 'sched_poll', 'mem_atomic']);
  const plain = OP_WIRES.filter((wire) => wire !== undefined && !special.has(wire.name));

  it.each(plain)('$name has the arguments of the core in its order', (wire) => {
    const { name, args } = wire!;
    const $case = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
    const wide = new Set(['gfn', 'ns']);
    const entries = args.map((arg, index) => [
      arg,
      wide.has(arg) ? BigInt(index + 40) : index + 300,
    ]);
    const value = Object.fromEntries(entries) as Record<string, unknown>;
    if ('handle' in value) value['handle'] = true;
    const bytes = Op.encode(opMessage({ $case, value } as unknown as Op['op'])).finish();

    const op = readOp(new WireReader(bytes), bytes.length, { caller: 5, callerVcpu: 2 });

    expect(op).toEqual({ op: name, caller: 5, callerVcpu: 2, ...toCore(value, args) });
  });

  const read = (message: Op) => {
    const bytes = Op.encode(message).finish();
    return readOp(new WireReader(bytes), bytes.length, { caller: 5, callerVcpu: 2 });
  };

  it('create_domain has its configuration, with defaults', () => {
    const config = domainConfig({ guest: GuestKind.ARM64, vcpus: 3 });

    const op = read(opMessage({ $case: 'createDomain', value: { config } }));

    expect(op).toMatchObject({ op: 'create_domain', dom: -1, guest: 4, vcpus: 3, vcpusUp: 3 });
  });

  it('sched_poll may claim another number of ports than it passes', () => {
    const op = read(
      opMessage({ $case: 'schedPoll', value: { ports: [1, 2], timeout: 9n, nrPorts: 5 } }),
    );

    expect(op).toMatchObject({ op: 'sched_poll', ports: [1, 2], nrPorts: 5, timeout: 9 });
  });

  it('names shared_info instead of a frame', () => {
    const op = read(opMessage({ $case: 'fill', value: { gfn: 0n, value: 1, sharedInfo: true } }));

    expect(op).toMatchObject({ op: 'fill', gfn: -1, value: 1 });
  });

  it('takes frame numbers of 64 bits', () => {
    const gfn = 2n ** 64n - 1n;

    const op = read(opMessage({ $case: 'expandArray', value: { gfn, sharedInfo: false } }));

    expect(op).toMatchObject({ op: 'expand_array', gfn: 2 ** 64 });
  });

  it('is read whatever the order of its fields, and with fields that are not known', () => {
    const port = Buffer.from([0x22, 0x03, 0x08, 0xac, 0x02]); // send {port: 300}
    const caller = Buffer.from([0x08, 0x07]);
    const unknown = Buffer.from([0xfa, 0x3f, 0x02, 0x61, 0x62]); // field 1023: "ab"

    for (const parts of [
      [port],
      [port, caller],
      [unknown, caller, port],
      [caller, port, unknown],
    ]) {
      const bytes = Buffer.concat(parts);
      const op = readOp(new WireReader(bytes), bytes.length, { caller: 7, callerVcpu: 0 });
      expect(op).toEqual({ op: 'send', caller: 7, callerVcpu: 0, port: 300 });
    }
    expect(
      readOp(new WireReader(unknown), unknown.length, { caller: 7, callerVcpu: 0 }),
    ).toBeUndefined();
  });
});
