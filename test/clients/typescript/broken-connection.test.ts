import { describe, expect, it } from 'vitest';
import { ConnectionError, op } from '../../../clients/typescript/index.ts';
import { errorOf, outcomeOf } from '../support/errors.ts';
import { connectTo, startLab, startService } from '../support/service.ts';
import { startProxy } from '../support/tcp-proxy.ts';

describe('a read', () => {
  it('is tried again when its connection breaks, and a hypercall is not', async () => {
    const first = await startService();
    const client = connectTo(first.grpcAddress);
    await client.machine().view();
    await first.stop();

    const reading = client.machine().view();
    const sending = outcomeOf(client.machine().domain(1).send(1)).catch(
      (error: unknown) => (error as Error).name,
    );
    expect(await sending).toBe('ConnectionError');
    await startService({ grpcAddress: first.grpcAddress });

    expect(await reading).toMatchObject({ name: 'default' });
  });
});

describe('a hypercall', () => {
  it('runs at most once, also when its connection breaks while it is under way', async () => {
    const { app, machine } = await startLab();
    const proxy = await startProxy(app.grpcAddress);
    const client = connectTo(proxy.address);
    await client.ready();
    const guest = client.machine('lab').domain(1);

    const calls = Array.from({ length: 50 }, () => errorOf(guest.bindIpi({ vcpu: 0 })));
    await calls[0];
    proxy.cut();
    const errors = await Promise.all(calls);

    const { activePorts } = await machine.domain(1).view();
    const failed = errors.filter((error) => error instanceof ConnectionError);
    const unsure = failed.filter(({ mayHaveExecuted }) => mayHaveExecuted).length;
    const done = errors.filter((error) => error === undefined).length;
    expect(done + failed.length).toBe(50);
    expect(activePorts).toBeGreaterThanOrEqual(done);
    expect(activePorts).toBeLessThanOrEqual(done + unsure);
  });
});

describe('a session', () => {
  it('fails with what is under way when its connection breaks, and stays failed', async () => {
    const { app } = await startLab();
    const proxy = await startProxy(app.grpcAddress);
    const session = connectTo(proxy.address).machine('lab').domain(1).session();
    await session.run([op.bindIpi({ vcpu: 0 })]);

    const underWay = errorOf(session.run([op.send({ port: 1 })]));
    proxy.cut();

    expect(await underWay).toMatchObject({ status: 'UNAVAILABLE', mayHaveExecuted: true });
    expect(await errorOf(session.run([op.send({ port: 1 })]))).toMatchObject({
      status: 'UNAVAILABLE',
      mayHaveExecuted: false,
    });
    expect(await errorOf(session.ready())).toBeInstanceOf(ConnectionError);
  });
});
