import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../server/metrics.ts';
import { connect, send, setUpHttp } from './http-support.ts';

describe('GET /metrics', () => {
  it('counts what machines answer and hold', async () => {
    const { get, hosted } = await setUpHttp();
    const port = connect(hosted);
    send(hosted, port);
    hosted.execute({ op: 'close', caller: 1, port: 63 });
    hosted.execute({ op: 'close', caller: 77, port: 1 });

    const { body, type } = await get('/metrics');

    expect(type).toBe('text/plain');
    expect(lines(body)).toEqual(
      expect.arrayContaining([
        'evtchnd_hypercalls_total{op="send",errno="OK"} 1',
        'evtchnd_hypercalls_total{op="close",errno="EINVAL"} 1',
        'evtchnd_hypercalls_total{op="close",errno="refused"} 1',
        `evtchnd_effects_total ${hosted.machine.outbox.lastSequence}`,
        'evtchnd_machines 1',
        'evtchnd_machines_retired 0',
        'evtchnd_domains 3',
        'evtchnd_ports_bound 2',
      ]),
    );
  });

  it('has the process and its event loop too', async () => {
    const { get } = await setUpHttp();

    const { body } = await get('/metrics');

    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes']) {
      expect(body).toContain(`# TYPE ${name} gauge`);
    }
  });

  it('gives each metric of ours a help text, a unit where it has one, and bounded labels', async () => {
    const { get } = await setUpHttp();
    await get('/v1/machines/made-up-1');
    await get('/v1/machines/made-up-2');
    await get('/made-up-3');

    const { body } = await get('/metrics');
    const ours = lines(body).filter((line) => line.startsWith('# TYPE evtchnd_'));

    expect(ours.length).toBeGreaterThanOrEqual(9);
    for (const line of ours) {
      const [, , name, kind] = line.split(' ');
      expect(body).toContain(`# HELP ${name} `);
      if (kind === 'counter') expect(name).toMatch(/_total$/);
      if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    }
    expect(body).not.toContain('made-up');
    expect(body).toContain('evtchnd_http_request_seconds_count{route="none",status="404"} 1');
  });

  it('goes on when a machine is retired', async () => {
    const { get, hosted } = await setUpHttp();
    Object.defineProperty(hosted.machine, 'retired', { value: { message: 'broken', op: 3 } });

    const { body } = await get('/metrics');

    expect(lines(body)).toEqual(
      expect.arrayContaining(['evtchnd_machines_retired 1', 'evtchnd_domains 0']),
    );
  });
});

describe('createMetrics', () => {
  it('shares nothing with another one', async () => {
    const [one, other] = [createMetrics(), createMetrics()];

    one.hypercall('send', 'OK');

    expect(await one.register.metrics()).toContain('op="send"');
    expect(await other.register.metrics()).not.toContain('op="send"');
  });

  it('keeps names that are neither op nor errno out of the labels', async () => {
    const metrics = createMetrics();

    metrics.hypercall('constructor', 'toString');
    metrics.hypercall('send', '__proto__');

    const text = await metrics.register.metrics();
    expect(text).toContain('evtchnd_hypercalls_total{op="other",errno="other"} 1');
    expect(text).toContain('evtchnd_hypercalls_total{op="send",errno="other"} 1');
  });

  it('counts streams and gaps by kind', async () => {
    const metrics = createMetrics();
    const close = metrics.streamOpened('session');
    metrics.streamOpened('session');

    close();
    metrics.gapTold('effects');

    const text = await metrics.register.metrics();
    expect(text).toContain('evtchnd_streams_open{kind="session"} 1');
    expect(text).toContain('evtchnd_gaps_told_total{kind="effects"} 1');
  });
});

const lines = (body: unknown): string[] => String(body).split('\n');
