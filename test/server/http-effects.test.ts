import type { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import type { HttpServer } from '../../server/http/context.ts';
import { EFFECTS, StreamClient, listen, turn } from './http-effects-support.ts';
import { connect, send, setUpHttp } from './http-support.ts';

const JSON_TYPE = 'application/json';

describe('GET …/effects as JSON', () => {
  it('begins with the oldest effect, page by page', async () => {
    const { get } = await setUpHttp();

    const first = await get(`${EFFECTS}?limit=2`, JSON_TYPE);
    const second = await get(`${EFFECTS}?from=3`, JSON_TYPE);
    const empty = await get(`${EFFECTS}?from=4`, JSON_TYPE);

    expect(first.body).toMatchObject({
      effects: [
        { sequence: 1, op: 1, kind: 'domain_created', dom: 0 },
        { sequence: 2, op: 2, kind: 'domain_created', dom: 1 },
      ],
      next: 3,
      last_sequence: 3,
    });
    expect(second.body).toMatchObject({ effects: [{ sequence: 3 }], next: 4 });
    expect(empty.body).toEqual({ effects: [], next: 4, last_sequence: 3 });
  });

  it('says which effects are no longer kept', async () => {
    const { get, hosted } = await setUpHttp({ machine: { limits: { effects: 256 } } });
    const port = connect(hosted);
    for (let count = 0; count < 1000; count += 1) send(hosted, port);
    const { firstSequence } = hosted.machine.outbox;

    expect((await get(`${EFFECTS}?from=5&limit=1`, JSON_TYPE)).body).toMatchObject({
      gap: { from: 5, to: firstSequence - 1 },
      effects: [{ sequence: firstSequence }],
    });
  });
});

describe('GET …/effects as a stream', () => {
  it('tells new effects as they come', async () => {
    const { app, hosted } = await setUpHttp();
    await listen(app);
    const client = new StreamClient(app).read();
    await vi.waitFor(() => expect(client.text).toContain(': effects from 4 on'));

    connect(hosted);

    await vi.waitFor(() =>
      expect(client.events.at(-1)?.id).toBe(hosted.machine.outbox.lastSequence),
    );
    expect(client.text).toMatch(/^HTTP\/1.1 200 OK/);
    expect(client.text).toContain('content-type: text/event-stream');
    expect(client.events[0]).toEqual({
      event: 'effect',
      id: 4,
      data: expect.objectContaining({ sequence: 4, kind: 'bound', dom: 1 }),
    });
  });

  it.each([
    ['from=2', '', [2, 3]],
    ['', 'Last-Event-ID: 1\r\n', [2, 3]],
    ['from=1', 'Last-Event-ID: 2\r\n', [3]],
  ])('resumes: %s %s', async (query, headers, ids) => {
    const { app } = await setUpHttp();
    await listen(app);

    const client = new StreamClient(app, { url: `${EFFECTS}?${query}`, headers }).read();

    await vi.waitFor(() => expect(client.events.map(({ id }) => id)).toEqual(ids));
  });

  it('starts over when the client was ahead: its numbers were those of another machine', async () => {
    const { app } = await setUpHttp();
    await listen(app);

    const client = new StreamClient(app, { headers: 'Last-Event-ID: 900\r\n' }).read();

    await vi.waitFor(() => expect(client.events).toHaveLength(4));
    expect(client.events[0]).toMatchObject({
      event: 'restart',
      data: { last_event_id: 900, last_sequence: 3 },
    });
    expect(client.events[1]).toMatchObject({ event: 'effect', id: 1 });
  });

  it('refuses a Last-Event-ID that is none', async () => {
    const { app } = await setUpHttp();

    const answer = await app.inject({ url: EFFECTS, headers: { 'last-event-id': 'seven' } });

    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining('"seven"') });
  });

  it('shows that it lives', async () => {
    const { app } = await setUpHttp({ limits: { heartbeatMs: 10 } });
    await listen(app);

    const client = new StreamClient(app).read();

    await vi.waitFor(() => expect(client.text).toContain(': alive\n\n'));
  });

  it('HEAD opens none', async () => {
    const { app, get } = await setUpHttp();

    const answer = await app.inject({ method: 'HEAD', url: EFFECTS });

    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect((await get('/metrics')).body).not.toContain('evtchnd_streams_open{kind="effects_http"}');
  });
});

describe('a slow reader', () => {
  it('is told one gap, costs bounded memory, and goes on from there', async () => {
    const { app, hosted, get } = await setUpHttp({ machine: { limits: { effects: 256 } } });
    await listen(app);
    const sockets: Socket[] = [];
    app.server.on('connection', (socket: Socket) => sockets.push(socket));
    const port = connect(hosted);
    const client = new StreamClient(app, { url: `${EFFECTS}?from=1` });
    await vi.waitFor(() => expect(sockets).toHaveLength(1));

    let held = 0;
    for (let batch = 0; batch < 2000; batch += 1) {
      for (let count = 0; count < 100; count += 1) send(hosted, port);
      await turn();
      held = Math.max(held, sockets[0]!.writableLength);
    }
    client.read();

    const { lastSequence } = hosted.machine.outbox;
    await vi.waitFor(() => expect(client.events.at(-1)?.id).toBe(lastSequence), 10_000);
    expect(held).toBeLessThan(256 * 1024);
    expectNothingLostUntold(client);
    const gaps = client.events.filter(({ event }) => event === 'gap');
    expect((await get('/metrics')).body).toContain(
      `evtchnd_gaps_told_total{kind="effects_http"} ${gaps.length}`,
    );
    expect(gaps.length).toBeGreaterThan(0);
  }, 30_000);

  it('holds up neither the machine nor other readers', async () => {
    const { app, hosted } = await setUpHttp({ machine: { limits: { effects: 4096 } } });
    await listen(app);
    const port = connect(hosted);
    const slow = new StreamClient(app, { url: `${EFFECTS}?from=1` });
    const quick = new StreamClient(app, { url: `${EFFECTS}?from=1` }).read();

    for (let batch = 0; batch < 500; batch += 1) {
      for (let count = 0; count < 100; count += 1) send(hosted, port);
      await turn();
    }

    const { lastSequence } = hosted.machine.outbox;
    await vi.waitFor(() => expect(quick.events.at(-1)?.id).toBe(lastSequence), 10_000);
    expect(slow.closed).toBe(false);
  }, 30_000);

  it('that stops reading for good is cut off', async () => {
    const { app, hosted } = await setUpHttp({ limits: { stalledMs: 200, heartbeatMs: 20 } });
    await listen(app);
    const port = connect(hosted);
    const stuck = new StreamClient(app, { url: `${EFFECTS}?from=1` });
    const alive = new StreamClient(app).read();

    for (let batch = 0; batch < 1000; batch += 1) {
      for (let count = 0; count < 100; count += 1) send(hosted, port);
      await turn();
    }

    await vi.waitFor(async () => expect(await connections(app)).toBe(1), 10_000);
    expect(alive.closed).toBe(false);
    expect(stuck.socket.destroyed).toBe(false);
  }, 30_000);
});

describe('a reader that vanished', () => {
  it('is forgotten', async () => {
    const { app, hosted, get } = await setUpHttp();
    await listen(app);
    const client = new StreamClient(app).read();
    await vi.waitFor(() => expect(client.text).toContain(': effects from'));
    const open = async () => (await get('/metrics')).body;
    expect(await open()).toContain('evtchnd_streams_open{kind="effects_http"} 1');

    client.socket.resetAndDestroy();

    await vi.waitFor(async () => {
      expect(await open()).toContain('evtchnd_streams_open{kind="effects_http"} 0');
    });
    connect(hosted);
    await turn();
  });
});

describe('bounds of streams', () => {
  it('one client cannot take all, and all are not without end', async () => {
    const limits = { streamsMax: 2, streamsPerAddressMax: 1 };
    const { app } = await setUpHttp({ limits });
    await listen(app);
    const first = new StreamClient(app).read();
    await vi.waitFor(() => expect(first.text).toContain('200 OK'));

    const second = await app.inject({ url: EFFECTS, remoteAddress: '127.0.0.1' });

    expect(second.statusCode).toBe(503);
    expect(second.headers['retry-after']).toBe('10');
    expect(second.json()).toMatchObject({ type: 'urn:evtchnd:problem:too_many_streams' });
    const paged = { url: EFFECTS, headers: { accept: JSON_TYPE } };
    expect((await app.inject(paged)).statusCode).toBe(200);
  });
});

describe('the end of a stream', () => {
  it('comes after the last effect, and is told, when the machine is deleted', async () => {
    const { app, hosted, registry } = await setUpHttp();
    await listen(app);
    const client = new StreamClient(app).read();
    await vi.waitFor(() => expect(client.text).toContain('200 OK'));
    const port = connect(hosted);
    for (let count = 0; count < 1000; count += 1) send(hosted, port);

    registry.delete('default');

    await vi.waitFor(() => expect(client.closed).toBe(true));
    expect(client.events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'deleted' } });
    expect(client.events.at(-2)?.id).toBe(hosted.machine.outbox.lastSequence);
  });

  it('is told when the server stops, which waits for no reader', async () => {
    const { app, hosted } = await setUpHttp();
    await listen(app);
    const port = connect(hosted);
    const quick = new StreamClient(app).read();
    const stuck = new StreamClient(app, { url: `${EFFECTS}?from=1` });
    await vi.waitFor(() => expect(quick.text).toContain('200 OK'));
    for (let batch = 0; batch < 600; batch += 1) {
      for (let count = 0; count < 100; count += 1) send(hosted, port);
      await turn();
    }

    await app.close();

    await vi.waitFor(() => expect(quick.closed).toBe(true));
    expect(quick.events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'draining' } });
    expect(stuck.events).toEqual([]);
  }, 30_000);
});

const connections = (app: HttpServer): Promise<number> =>
  new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });

/** Ids count up by one, but over gaps, and those say exactly what is missing. */
function expectNothingLostUntold({ events }: StreamClient): void {
  let next = 1;
  for (const { event, id, data } of events) {
    if (event === 'gap') expect(data.from).toBe(next);
    else expect(id).toBe(next);
    next = id + 1;
  }
}
