import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { EventChannelServiceService as rpc } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { DomainServiceService as domains } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { TraceServiceService as traces } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { WatchEffectsResponse } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { GuestKind } from '../../proto/gen/evtchnd/v1/types.ts';
import { Reader, call, complete, failure, openDuplex, openStream, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig, opMessage } from './machine-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve({ streamsPerMachine: 5 });
});
afterAll(() => server.stop());

/** Whatever a test did to the server: it serves others as before. */
afterEach(async () => {
  expect((await call(server.client, machines.getMachine)).machine?.retired).toBeUndefined();
});

const HUGE = 0xffff_ffff;

describe('a request that cannot be right', () => {
  const cases: [string, () => Promise<unknown>, { code: number; reason: string }][] = [
    [
      'an unknown machine',
      () => call(server.client, rpc.send, { machine: 'x', caller: 1, port: 1 }),
      { code: 5, reason: 'NO_MACHINE' },
    ],
    [
      'an unknown caller',
      () => call(server.client, rpc.send, { caller: 77, port: 1 }),
      { code: 5, reason: 'NO_CALLER' },
    ],
    [
      'a caller that no domid can be',
      () => call(server.client, rpc.send, { caller: HUGE, port: 1 }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'an unknown vCPU as caller',
      () => call(server.client, rpc.send, { caller: 1, callerVcpu: HUGE, port: 1 }),
      { code: 5, reason: 'NO_CALLER' },
    ],
    [
      'an unknown domain',
      () => call(server.client, rpc.allocUnbound, { caller: 0, dom: 9, remoteDom: 1 }),
      { code: 5, reason: 'ESRCH' },
    ],
    [
      'a domid that has more than 16 bits',
      () => call(server.client, rpc.status, { caller: 0, dom: HUGE, port: 1 }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'a port out of range',
      () => call(server.client, rpc.close, { caller: 1, port: HUGE }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'a VIRQ out of range',
      () => call(server.client, rpc.bindVirq, { caller: 1, virq: HUGE, vcpu: 0 }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'a vCPU out of range',
      () => call(server.client, rpc.bindIpi, { caller: 1, vcpu: HUGE }),
      { code: 5, reason: 'ENOENT' },
    ],
    [
      'an unknown EVTCHNOP',
      () => call(server.client, rpc.rawOp, { caller: 1, cmd: HUGE }),
      { code: 12, reason: 'ENOSYS' },
    ],
    [
      'a frame out of range',
      () => call(server.client, rpc.initControl, { caller: 1, gfn: 2n ** 64n - 1n }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'a page that is not there',
      () => call(server.client, rpc.readPages, { dom: 1, gfns: [160n] }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'too many pages',
      () => call(server.client, rpc.readPages, { dom: 1, gfns: Array<bigint>(257).fill(0n) }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'no action of a memory access',
      () => call(server.client, rpc.atomicMemory, { caller: 1 }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'an action that is none',
      () => call(server.client, rpc.setPortBit, { caller: 1, action: 9 as never }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'too many ports to poll',
      () => call(server.client, rpc.schedPoll, { caller: 1, ports: Array<number>(129).fill(1) }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'far too many ports to poll',
      () => call(server.client, rpc.schedPoll, { caller: 1, ports: Array<number>(9999).fill(1) }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'a kind of guest that is none',
      () =>
        call(server.client, domains.createDomain, {
          config: domainConfig({ guest: 99 as GuestKind }),
        }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'a reserved domid',
      () => call(server.client, domains.createDomain, { config: domainConfig({ dom: 32752 }) }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'more vCPUs than there can be',
      () => call(server.client, domains.createDomain, { config: domainConfig({ vcpus: HUGE }) }),
      { code: 3, reason: 'EINVAL' },
    ],
    [
      'more memory than there can be',
      () => call(server.client, domains.createDomain, { config: domainConfig({ pages: HUGE }) }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'time beyond all bounds',
      () => call(server.client, machines.advanceClock, { ns: 2n ** 64n - 1n }),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
    [
      'a machine to delete that is not named',
      () => call(server.client, machines.deleteMachine),
      { code: 3, reason: 'BAD_ARGUMENT' },
    ],
  ];
  it.each(cases)('%s is refused, and told why', async (_, act, expected) => {
    const answer = await failure(act());

    expect(answer).toMatchObject(expected);
    expect(answer.message.length).toBeGreaterThan(10);
  });

  it('that is no message of its type is refused', async () => {
    const { path, responseDeserialize } = rpc.send;
    const garbage = new Promise((resolve, reject) => {
      server.client.makeUnaryRequest(
        path,
        (bytes: Buffer) => bytes,
        responseDeserialize,
        Buffer.from([0x0a, 0xff, 0xff]),
        (error, response) => (error === null ? resolve(response) : reject(error)),
      );
    });

    expect(await failure(garbage)).toMatchObject({ code: 3, reason: 'BAD_MESSAGE' });
  });

  it('that is larger than 4 MiB is refused before it is read', async () => {
    const ops = Array.from({ length: 1_000_000 }, () =>
      opMessage({ $case: 'send', value: { port: 1 } }),
    );
    const large = call(server.client, rpc.multicall, { caller: 1, ops });

    await expect(large).rejects.toMatchObject({ code: 8 });
  });
});

/** Sends `bytes` to the gRPC port, and answers once the server has closed the connection. */
async function sendRaw(bytes: Buffer | string): Promise<void> {
  const [host, port] = server.app.grpcAddress.split(':');
  const socket = connect(Number(port), host);
  socket.on('error', () => undefined);
  socket.resume();
  socket.write(bytes);
  socket.end();
  await once(socket, 'close');
}

describe('a client that does not speak gRPC', () => {
  it('and one that speaks HTTP/1 are cut off', async () => {
    await sendRaw('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await sendRaw(randomBytes(4096));
    await sendRaw(
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), randomBytes(512)]),
    );
  });

  it('but HTTP/2 is told so', async () => {
    const session = connectHttp2(`http://${server.app.grpcAddress}`);
    const stream = session.request({ ':path': '/nothing', ':method': 'GET' });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    session.destroy();

    expect(headers[':status']).not.toBe(200);
  });

  it('and calls a method that is not there gets UNIMPLEMENTED', async () => {
    const method = { ...rpc.send, path: '/evtchnd.v1.EventChannelService/Nothing' };

    await expect(call(server.client, method as typeof rpc.send)).rejects.toMatchObject({
      code: 12,
    });
  });
});

describe('a client that leaves', () => {
  const newClient = () => new Client(server.app.grpcAddress, credentials.createInsecure());
  const openSession = (client: Client) => {
    const session = openDuplex(client, rpc.session);
    session.write(complete(rpc.session, { open: { machine: '', caller: 1, callerVcpu: 0 } }));
    return session;
  };

  it('leaves its places to others', async () => {
    // As many sessions as a machine takes, again and again: each round needs the places anew.
    for (let round = 0; round < 4; round += 1) {
      const client = newClient();
      const sessions = Array.from({ length: 5 }, () => openSession(client));
      for (const session of sessions) {
        session.on('error', () => undefined);
        await once(session, 'data');
      }
      client.getChannel().close();
      for (const session of sessions) session.cancel();
      await placesFree('session');
    }
  });

  /** Waits until a new session is taken: the server learns of a lost client in its own time. */
  async function placesFree(kind: string): Promise<void> {
    const metrics = async () => (await fetch(`http://${server.app.httpAddress}/metrics`)).text();
    while (!(await metrics()).includes(`evtchnd_streams_open{kind="${kind}"} 0`));
  }

  it('in the midst of an upload leaves nothing behind', async () => {
    const client = newClient();
    const { path, requestSerialize, responseDeserialize } = machines.restoreMachine;
    const stream = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      () => undefined,
    );
    stream.on('error', () => undefined);
    stream.write({ machine: 'half', chunk: Buffer.from('{') });
    stream.cancel();
    client.close();

    expect(
      await failure(call(server.client, machines.getMachine, { machine: 'half' })),
    ).toMatchObject({
      reason: 'NO_MACHINE',
    });
  });

  it('never reads is not waited for, and the server keeps no queue for it', async () => {
    const client = newClient();
    const stream = openStream(client, traces.watchEffects, { fromSequence: 1n });
    stream.pause();
    const { port } = await call(server.client, rpc.bindIpi, { caller: 1, vcpu: 0 });
    const ops = Array.from({ length: 4000 }, () => opMessage({ $case: 'send', value: { port } }));
    for (let batch = 0; batch < 40; batch += 1) {
      await call(server.client, rpc.multicall, { caller: 1, ops });
    }

    const reader = new Reader<WatchEffectsResponse>(stream);
    const last = (await call(server.client, machines.getMachine)).machine!.lastEffect;
    let [told, missed] = [0n, 0n];
    for (let next = 0n; next <= last; ) {
      const message = await reader.next();
      told += BigInt(message.effects.length);
      if (message.gap !== undefined) missed += message.gap.to - message.gap.from + 1n;
      next = message.nextSequence;
    }
    stream.cancel();
    client.close();

    expect(told + missed).toBe(last);
    expect(missed).toBeGreaterThan(0n);
  });
});
