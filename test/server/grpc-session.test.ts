import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { BATCH_OPS_MAX } from '../../server/config.ts';
import {
  EventChannelServiceService as rpc,
  SessionRequest,
} from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { SessionResponse } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import type { Op } from '../../proto/gen/evtchnd/v1/op.ts';
import {
  Reader,
  call,
  complete,
  describeFailure,
  freshName,
  openDuplex,
  serve,
} from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig, opMessage } from './machine-support.ts';

let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve({ streamsPerMachine: 3 });
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = freshName();
  const domains = [domainConfig({ dom: 0, privileged: true }), domainConfig({ dom: 1, vcpus: 2 })];
  await call(server.client, machines.createMachine, { machine, domains });
});

type Session = ClientDuplexStream<SessionRequest, SessionResponse>;

const request = (fields: Partial<SessionRequest>) => complete(rpc.session, fields);

function openSession(): { session: Session; answers: Reader<SessionResponse> } {
  const session = openDuplex(server.client, rpc.session);
  const answers = new Reader<SessionResponse>(session);
  session.write(request({ open: { machine, caller: 1, callerVcpu: 0 } }));
  return { session, answers };
}

const bindIpi: Op = opMessage({ $case: 'bindIpi', value: { vcpu: 0 } });
const send = (port: number): Op => opMessage({ $case: 'send', value: { port } });

const failureOf = async (answers: Reader<SessionResponse>) =>
  describeFailure(
    await answers.rest().then(
      () => {
        throw new Error('the session ended well');
      },
      (error: ServiceError) => error,
    ),
  );

describe('Session', () => {
  it('answers each of many requests that were sent ahead, in their order', async () => {
    const { session, answers } = openSession();
    session.write(request({ id: 1, ops: [bindIpi] }));
    for (let id = 2; id <= 500; id += 1) session.write(request({ id, ops: [send(1), send(id)] }));
    session.end();

    const responses = await answers.rest();

    expect(responses.map(({ id }) => id)).toEqual([
      0,
      ...Array.from({ length: 500 }, (_, i) => i + 1),
    ]);
    expect(responses[1]?.results[0]?.out).toEqual({ $case: 'port', value: 1 });
    for (const { results } of responses.slice(2)) {
      expect(results.map(({ rc }) => rc)).toEqual([0, -22]);
    }
  });

  it('takes ops in its first request already', async () => {
    const session = openDuplex(server.client, rpc.session);
    const open = { machine, caller: 1, callerVcpu: 0 };
    session.write(request({ id: 9, open, ops: [bindIpi, bindIpi] }));
    session.end();

    const [response] = await new Reader<SessionResponse>(session).rest();

    expect(response).toMatchObject({ id: 9, results: [{ rc: 0 }, { rc: 0 }] });
  });

  it('ends well for a client that opens it and sends nothing', async () => {
    const session = openDuplex(server.client, rpc.session);
    session.end();

    expect(await new Reader(session).rest()).toEqual([]);
  });

  it('stops reading while a client takes no answers, and loses none', async () => {
    const { session, answers } = openSession();
    const big = Array.from({ length: 1000 }, () => send(77));
    let accepted = 0;
    while (session.write(request({ id: accepted, ops: big })) && accepted < 5000) accepted += 1;
    session.end();

    const responses = await answers.rest();

    expect(responses.length).toBe(accepted + 2);
    expect(responses.at(-1)?.results.length).toBe(1000);
  });

  it('must be opened first, and once only', async () => {
    const unopened = openDuplex(server.client, rpc.session);
    unopened.write(request({ ops: [bindIpi] }));
    const twice = openSession();
    twice.session.write(request({ open: { machine, caller: 1, callerVcpu: 0 } }));

    expect(await failureOf(new Reader(unopened))).toMatchObject({ code: 3, reason: 'NO_OPEN' });
    expect(await failureOf(twice.answers)).toMatchObject({ code: 3, reason: 'REOPENED' });
  });

  it('ends at a batch that is too large, after the answers before it', async () => {
    const { session, answers } = openSession();
    session.write(request({ id: 1, ops: [bindIpi] }));
    session.write(
      request({ id: 2, ops: Array.from({ length: BATCH_OPS_MAX + 1 }, () => bindIpi) }),
    );

    expect((await answers.next()).id).toBe(0);
    expect((await answers.next()).results).toHaveLength(1);
    expect(await failureOf(answers)).toMatchObject({ code: 3, reason: 'BATCH_TOO_LARGE' });
  });

  it('ends at bytes that are no request, and executes nothing of them', async () => {
    const garbage = [
      [0x12, 0x7f, 0x00], // ops, longer than the message
      [0x12, 0x02, 0x22, 0x05], // an op, longer than its batch
      [0x12, 0x04, 0x22, 0x02, 0x08, 0xff], // a port without its end
      [0x0f], // wire type 7
    ];
    for (const bytes of garbage) {
      const { path, responseDeserialize } = rpc.session;
      const session = server.client.makeBidiStreamRequest<Buffer, SessionResponse>(
        path,
        (message) => message,
        responseDeserialize,
      );
      const open = request({ open: { machine, caller: 1, callerVcpu: 0 } });
      session.write(Buffer.from(SessionRequest.encode(open).finish()));
      const good = Buffer.from(SessionRequest.encode(request({ ops: [bindIpi] })).finish());
      session.write(Buffer.concat([good, Buffer.from(bytes)]));

      expect(await failureOf(new Reader(session))).toMatchObject({
        code: 3,
        reason: 'BAD_MESSAGE',
      });
    }
    const { ports } = await call(server.client, rpc.listPorts, { machine, dom: 1 });
    expect(ports).toEqual([]);
  });

  it('ends when its machine is deleted', async () => {
    const { answers } = openSession();
    await answers.next();

    await call(server.client, machines.deleteMachine, { machine });

    expect(await failureOf(answers)).toMatchObject({ code: 14, reason: 'MACHINE_DELETED' });
  });

  it('is refused beyond the number that a machine takes, and has room again afterwards', async () => {
    const sessions = [openSession(), openSession(), openSession()];
    for (const { answers } of sessions) await answers.next();

    const refused = await failureOf(openSession().answers);
    sessions[0]!.session.end();
    await sessions[0]!.answers.rest();
    const { answers } = openSession();

    expect(refused).toMatchObject({ code: 8, reason: 'LIMIT' });
    expect((await answers.next()).id).toBe(0);
    for (const { session } of sessions) session.cancel();
  });
});
