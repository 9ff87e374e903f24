import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { connect, ConnectionError, RefusedError } from '../../../clients/typescript/index.ts';
import { errorOf } from '../support/errors.ts';
import { connectTo, startLab, startService } from '../support/service.ts';

describe('connect', () => {
  it.each(['', 'localhost', '127.0.0.1:0', '127.0.0.1:70000', 'http://a:1', 'unix:', 'a b:1'])(
    'throws TypeError for "%s", which is no address',
    (address) => {
      vi.stubEnv('EVTCHND_ADDRESS', address);

      expect(() => connect(address === '' ? 'x' : address)).toThrow(TypeError);
    },
  );

  it.each(['localhost:50051', '127.0.0.1:1', '[::1]:50051', 'unix:/tmp/a.sock', 'unix:a.sock'])(
    'takes %s',
    (address) => {
      using client = connect(address);

      expect(client.address).toBe(address);
    },
  );

  it('goes where EVTCHND_ADDRESS says, unless it is told otherwise', () => {
    vi.stubEnv('EVTCHND_ADDRESS', '127.0.0.1:4242');
    using client = connect();
    vi.stubEnv('EVTCHND_ADDRESS', '');
    using other = connect();

    expect([client.address, other.address]).toEqual(['127.0.0.1:4242', '127.0.0.1:50051']);
    vi.unstubAllEnvs();
  });

  it('speaks over a Unix socket as well', async () => {
    const socket = join(tmpdir(), `evtchnd-test-${process.pid}.sock`);
    await startService({ socket });

    const machines = await connectTo(`unix:${socket}`).machines();

    expect(machines.map(({ name }) => name)).toEqual(['default']);
  });

  it('says that nobody answers, and that nothing can have run', async () => {
    const client = connectTo('127.0.0.1:1');

    const error = await errorOf(client.machine().domain(1).send(1));

    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ status: 'UNAVAILABLE', mayHaveExecuted: false });
    expect((error as Error).message).toMatch(/^nothing answers at 127\.0\.0\.1:1 .*npm start/);
  });

  it('shows in the stack of an error who called', async () => {
    const { machine } = await startLab();

    async function driverThatSends(): Promise<void> {
      await machine.domain(1).send(1);
    }

    expect((await errorOf(driverThatSends())) as Error).toHaveProperty(
      'stack',
      expect.stringContaining('driverThatSends'),
    );
  });

  it('gives up a call whose time is over, which may have run', async () => {
    const { app } = await startLab();
    const client = connectTo(app.grpcAddress, { timeoutMs: 1 });
    const guest = client.machine('lab').domain(1);

    const calls = await Promise.all(Array.from({ length: 500 }, () => errorOf(guest.send(1))));

    const late = calls.find((error) => error instanceof ConnectionError);
    expect(late).toMatchObject({ status: 'DEADLINE_EXCEEDED', mayHaveExecuted: true });
  });

  it('waits for a service that is not there yet, as long as it is told', async () => {
    const error = await errorOf(connectTo('127.0.0.1:1').ready(50));

    expect(error).toBeInstanceOf(ConnectionError);
    await expect(connectTo((await startService()).grpcAddress).ready()).resolves.toBeUndefined();
  });

  it('refuses a machine that does not exist', async () => {
    const { client } = await startLab();
    const error = await errorOf(client.machine('nowhere').view());

    expect(error).toBeInstanceOf(RefusedError);
    expect(error).toMatchObject({ reason: 'NO_MACHINE' });
  });
});
