import { EventEmitter } from 'node:events';
import { connect as connectSocket, type AddressInfo } from 'node:net';
import type { FastifyReply } from 'fastify';
import { describe, expect, it } from 'vitest';
import type { HttpServer } from '../../server/http/context.ts';
import { LargeAnswers } from '../../server/http/large-answers.ts';
import {
  CONNECTIONS_MAX,
  HEADERS_TIMEOUT_MS,
  LARGE_ANSWERS_MAX,
  REQUEST_TIMEOUT_MS,
} from '../../server/http/limits.ts';
import { setUpHttp } from './http-support.ts';

const PORTS = '/v1/machines/default/domains/1/ports';

describe('what does not exist', () => {
  it.each([
    ['/nope', 'no_such_path', '/ lists what there is'],
    ['/v1/machines/other', 'no_such_machine', 'there is default'],
    ['/v1/machines/default/domains/9', 'no_such_domain', 'it has 0, 1, 2'],
    ['/v1/machines/default/domains/9/ports', 'no_such_domain', 'it has 0, 1, 2'],
    [`${PORTS}/64`, 'no_such_port', 'its ports are 0 to 63'],
    ['/v1/machines/default/domains/1/vcpus/2', 'no_such_vcpu', 'its vCPUs are 0 to 1'],
    ['/v1/machines/default/domains/1/pages/160', 'no_such_page', 'are 0 to 159'],
  ])('%s is a 404 that says what there is', async (url, type, right) => {
    const { get } = await setUpHttp();

    expect(await get(url)).toMatchObject({
      status: 404,
      type: 'application/problem+json',
      body: {
        type: `urn:evtchnd:problem:${type}`,
        title: expect.any(String),
        status: 404,
        detail: expect.stringContaining(right),
      },
    });
  });
});

describe('arguments that are wrong', () => {
  it.each([
    [`${PORTS}?limit=0`, 'query parameter limit must be >= 1, and is 0'],
    [`${PORTS}?limit=1001`, 'query parameter limit must be <= 1000, and is 1001'],
    [`${PORTS}?limit=`, 'query parameter limit must be integer, and is ""'],
    [`${PORTS}?limit=1&limit=2`, 'query parameter limit must be integer, and is ["1","2"]'],
    [`${PORTS}?limit=1.5`, 'query parameter limit must be integer, and is "1.5"'],
    [`${PORTS}?after=-1`, 'query parameter after must be >= 0, and is -1'],
    [`${PORTS}?pending=maybe`, 'query parameter pending must be boolean, and is "maybe"'],
    [`${PORTS}?state=open`, 'must be one of reserved, unbound, interdomain, pirq, virq, ipi'],
    [`${PORTS}?colour=red`, 'it takes state, pending, masked, limit, after'],
    [`${PORTS}/1?limit=1`, 'this path takes no query parameter "limit": it takes none'],
    [`${PORTS}/131072`, 'path parameter port must be <= 131071, and is 131072'],
    [`${PORTS}/one`, 'path parameter port must be integer, and is "one"'],
    ['/v1/machines/default/domains/32752', 'path parameter dom must be <= 32751'],
    ['/v1/machines/default/domains/-1', 'path parameter dom must be >= 0, and is -1'],
    ['/v1/machines/default/domains/1/vcpus/4096', 'path parameter vcpu must be <= 4095'],
    ['/v1/machines/default/domains/1/pages/zz', '"zz" is no frame number'],
    ['/v1/machines/default/domains/1/pages/1?format=png', 'must be one of raw, hex, json'],
    ['/v1/machines/default/effects?from=0', 'query parameter from must be >= 1'],
    ['/v1/machines/default/effects?from=99', 'the next effect of "default" is 4'],
    ['/v1/machines/%zz', 'not a valid url component'],
  ])('%s is a 400 that says what would be right', async (url, right) => {
    const { get } = await setUpHttp();

    expect(await get(url)).toMatchObject({
      status: 400,
      type: 'application/problem+json',
      body: { status: 400, detail: expect.stringContaining(right) },
    });
  });

  it('does not send a long argument back whole', async () => {
    const { get } = await setUpHttp();

    const { status, body } = await get(`${PORTS}?${'x'.repeat(4000)}=1`);

    expect(status).toBe(400);
    expect(JSON.stringify(body).length).toBeLessThan(500);
  });

  it('says which representations there are', async () => {
    const { get } = await setUpHttp();

    expect(await get('/v1/machines/default/domains/1/pages/1', 'image/png')).toMatchObject({
      status: 406,
      body: { detail: expect.stringContaining('application/octet-stream') },
    });
  });
});

describe('methods', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY'] as const)(
    '%s is not allowed, whatever comes with it',
    async (method) => {
      const { app, hosted } = await setUpHttp();
      const before = hosted.machine.stateHash();

      const payload = '{"broken'.repeat(1000);
      const answer = await app.inject({ method: method as 'POST', url: PORTS, payload });

      expect(answer.statusCode).toBe(405);
      expect(answer.headers['allow']).toBe('GET, HEAD, OPTIONS');
      expect(answer.json()).toMatchObject({ detail: expect.stringContaining('gRPC') });
      expect(hosted.machine.stateHash()).toBe(before);
    },
  );

  it('HEAD answers as GET does, without the body', async () => {
    const { app } = await setUpHttp();

    const get = await app.inject({ method: 'GET', url: PORTS });
    const head = await app.inject({ method: 'HEAD', url: PORTS });

    expect(head.statusCode).toBe(200);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.body).toBe('');
  });

  it('OPTIONS says what is allowed', async () => {
    const { app } = await setUpHttp();

    const answer = await app.inject({ method: 'OPTIONS', url: PORTS });

    expect(answer).toMatchObject({ statusCode: 204, headers: { allow: 'GET, HEAD, OPTIONS' } });
  });
});

describe('our own mistakes', () => {
  it('are a 500 that shows nothing of our inside', async () => {
    const { get, hosted } = await setUpHttp();
    hosted.machine.domain = () => {
      throw new Error('secret of the house');
    };

    const answer = await get('/v1/machines/default/domains/1');

    expect(answer).toMatchObject({
      status: 500,
      type: 'application/problem+json',
      body: { type: 'urn:evtchnd:problem:internal' },
    });
    expect(JSON.stringify(answer.body)).not.toMatch(/secret|\.ts|stack/);
  });
});

describe('answers that may be large', () => {
  it('are not counted once they are over', async () => {
    const { get } = await setUpHttp();

    for (let count = 0; count < 2 * LARGE_ANSWERS_MAX; count += 1) {
      expect(await get('/v1/machines/default/journal')).toMatchObject({ status: 200 });
    }
  });

  it('are refused when as many are still on their way', () => {
    const largeAnswers = new LargeAnswers();
    const replies = Array.from({ length: LARGE_ANSWERS_MAX }, () => new EventEmitter());
    const admit = (raw: EventEmitter) => largeAnswers.admit({ raw } as unknown as FastifyReply);
    for (const raw of replies) admit(raw);

    expect(() => admit(new EventEmitter())).toThrow('on their way');
    replies[0]!.emit('close');
    expect(() => admit(new EventEmitter())).not.toThrow();
  });
});

describe('requests that dribble in', () => {
  it('are cut off', async () => {
    const { app } = await setUpHttp();

    expect(app.server).toMatchObject({
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxConnections: CONNECTIONS_MAX,
    });
  });
});

describe('headers', () => {
  it('keep browsers from guessing, framing and telling', async () => {
    const { get } = await setUpHttp();

    const { headers } = await get(PORTS);

    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'SAMEORIGIN',
      'referrer-policy': 'no-referrer',
      'content-security-policy': expect.stringContaining("default-src 'self'"),
    });
  });

  it('limit the rate of everything but probes', async () => {
    const { get } = await setUpHttp();

    expect((await get(PORTS)).headers).toHaveProperty('ratelimit-remaining');
    expect((await get('/nope')).headers).toHaveProperty('ratelimit-remaining');
    expect((await get('/healthz')).headers).not.toHaveProperty('ratelimit-remaining');
  });
});

describe('bytes that are no HTTP', () => {
  it.each([
    ['garbage', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'gRPC has a port of its own'],
    ['headers without end', `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}`, 431, 'headers'],
  ])('%s gets a clear answer, and the socket is closed', async (_name, bytes, status, detail) => {
    const { app } = await setUpHttp();

    const answer = await exchange(app, bytes);

    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain(detail);
    expect((await app.inject('/healthz')).statusCode).toBe(200);
  });
});

/** What the server says to these bytes before it closes the connection. */
async function exchange(app: HttpServer, bytes: string): Promise<string> {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const socket = connectSocket(port, '127.0.0.1');
  socket.write(bytes);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('a request for another host', () => {
  it.each(['evil.example', 'localhost.evil.example', '10.0.0.1'])('%s is refused', async (host) => {
    const { app } = await setUpHttp();

    const answer = await app.inject({ url: PORTS, headers: { host } });

    expect(answer.statusCode).toBe(421);
    expect(answer.json()).toMatchObject({ type: 'urn:evtchnd:problem:wrong_host' });
  });

  it.each(['localhost:8080', '127.0.0.1:8080', '[::1]:8080'])('%s is ours', async (host) => {
    const { app } = await setUpHttp();

    expect((await app.inject({ url: PORTS, headers: { host } })).statusCode).toBe(200);
  });
});
