import { connectivityState } from '@grpc/grpc-js';
import { beforeEach, describe, expect, it } from 'vitest';

import { EventChannelServiceService as rpc } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import { TraceServiceService as traces } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { Reader, call, complete, failure, openDuplex, openStream, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';

let server: TestServer;

beforeEach(async () => {
  server = await serve();
});

const NOT_SERVING = 2;
const DRAINING = { code: 14, reason: 'DRAINING', domain: 'evtchnd' };

describe('a server that drains', () => {
  it('ends every stream with UNAVAILABLE and a reason', async () => {
    const { client } = server;
    const effects = new Reader(openStream(client, traces.watchEffects, { fromSequence: 1n }));
    await effects.next();
    const session = openDuplex(client, rpc.session);
    session.write(complete(rpc.session, { open: { machine: '', caller: 1, callerVcpu: 0 } }));
    const answers = new Reader(session);
    await answers.next();
    const recording = openDuplex(client, traces.record);
    recording.write(complete(traces.record, { open: { subject: undefined } }));
    const lines = new Reader(recording);
    await lines.next();

    const stopped = server.stop();

    expect(await failure(effects.next())).toMatchObject(DRAINING);
    expect(await failure(answers.next())).toMatchObject(DRAINING);
    expect(await failure(lines.next())).toMatchObject(DRAINING);
    await stopped;
  });

  it('ends a poll that waits', async () => {
    const { client } = server;
    const { port } = await call(client, rpc.bindIpi, { caller: 1, vcpu: 1 });
    const asleep = failure(call(client, rpc.schedPoll, { caller: 1, ports: [port], wait: true }));
    while (!(await call(client, rpc.pollJoin, { caller: 1 })).blocked);

    const stopped = server.stop();

    expect(await asleep).toMatchObject(DRAINING);
    await stopped;
  });

  it('tells those who watch its health, and takes no new connection', async () => {
    const { client } = server;
    const health = new Reader<{ status: number }>(openStream(client, HealthService.watch, {}));
    await health.next();

    const stopped = server.stop();

    expect((await health.next()).status).toBe(NOT_SERVING);
    // A watch does not end by itself: it is cut off when the time is over.
    await expect(health.rest()).rejects.toThrow();
    await stopped;
    expect(client.getChannel().getConnectivityState(false)).not.toBe(connectivityState.READY);
  });

  it('cuts off what does not end by itself', async () => {
    const { client, app } = server;
    const stuck = openDuplex(client, HealthService.watch as never);
    stuck.on('error', () => undefined);
    const started = performance.now();

    await server.stop();

    expect(performance.now() - started).toBeLessThan(5_000);
    expect(app.registry.list()).toHaveLength(1);
  });
});
