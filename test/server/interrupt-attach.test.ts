import { status as GrpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { InterruptServiceService as intr } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { call, failure, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { TestDriver, bootMachine, connectDrivers, driver, suspend } from './interrupt-support.ts';

let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = await bootMachine(server);
});

const signal = (dom: number, handle: number) =>
  call(server.client, intr.signal, { machine, dom, handle });
const guest = async (dom: number) =>
  (await call(server.client, intr.getGuest, { machine, dom })).guest!;

describe('Attach', () => {
  it('tells an interrupt, and a re-raise only after it was handled', async () => {
    const [one, two] = await pair();
    const { near, far } = await connectDrivers(server, machine, one, two);

    await signal(1, near.handle);
    const first = await two.interrupt();
    await signal(1, near.handle);
    await signal(1, near.handle);
    const outstanding = (await guest(2)).drivers[0]!.outstanding;
    two.handled(far.handle, first.sequence);
    const second = await two.interrupt();

    expect(first).toMatchObject({ handle: far.handle, port: far.port });
    expect(outstanding).toBe(1);
    expect(second.sequence).toBe(first.sequence + 1n);
    two.handled(far.handle, second.sequence);
    await signal(2, far.handle);
    expect((await one.interrupt()).handle).toBe(near.handle);
  });

  it('takes an answer to an interrupt that is not outstanding for nothing', async () => {
    const [one, two] = await pair();
    const { near, far } = await connectDrivers(server, machine, one, two);

    await signal(1, near.handle);
    const { sequence } = await two.interrupt();
    await signal(1, near.handle);
    two.handled(far.handle, sequence + 7n);
    two.handled(99);
    two.handled(far.handle, sequence);

    expect((await two.interrupt()).sequence).toBe(sequence + 1n);
  });

  it('tells two drivers of a domain apart by their tokens', async () => {
    const one = await driver(server, { machine, dom: 1 });
    const other = await driver(server, { machine, dom: 1, driver: 'other' });
    const bind = (cpu: number, who: TestDriver) =>
      call(server.client, intr.allocAndBindIpi, { machine, dom: 1, cpu, handler: who.handler });
    const ours = await bind(0, one);
    const theirs = await bind(1, other);

    await signal(1, theirs.handle);
    await signal(1, ours.handle);

    expect((await one.interrupt()).handle).toBe(ours.handle);
    expect(await other.interrupt()).toMatchObject({ handle: theirs.handle, vcpu: 1 });
    expect((await guest(1)).drivers.map((found) => found.driver)).toEqual(['test', 'other']);
  });

  it('loses nothing of a driver that comes back within its lease', async () => {
    const [one, two] = await pair();
    const { near, far } = await connectDrivers(server, machine, one, two);
    await signal(1, near.handle);
    const told = await two.interrupt();

    two.die();
    await signal(1, near.handle);
    const again = await driver(server, { machine, session: two.attached.session });
    const retold = await again.interrupt();
    again.handled(far.handle, retold.sequence);
    const next = await again.interrupt();

    expect(again.attached).toEqual(two.attached);
    expect(retold).toEqual(told);
    expect(next.sequence).toBe(told.sequence + 1n);
  });

  it('unbinds what a driver held when its lease is over', async () => {
    const one = await driver(server, { machine, dom: 1 });
    const two = await driver(server, { machine, dom: 2, leaseMs: 5 });
    const { far } = await connectDrivers(server, machine, one, two);

    two.die();
    await untilPort(2, far.handle, 0);

    const { session } = two.attached;
    const late = await failure(driver(server, { machine, session }));
    expect(late).toMatchObject({ code: GrpcStatus.NOT_FOUND, reason: 'NO_SESSION' });
    expect((await guest(2)).handles.map(({ handle }) => handle)).not.toContain(far.handle);
  });

  it('unbinds at once what a driver held that leaves', async () => {
    const one = await driver(server, { machine, dom: 1 });
    const { handle } = await call(server.client, intr.allocAndBindIpi, {
      machine,
      dom: 1,
      handler: one.handler,
    });

    one.stream.write({ message: { $case: 'leave', value: {} } });
    await expect(one.next()).rejects.toThrow('the stream has ended');

    await untilPort(1, handle, 0);
  });

  it('gives a session to the newest stream that asks for it', async () => {
    const one = await driver(server, { machine, dom: 1 });

    const again = await driver(server, { machine, session: one.attached.session });

    expect(await failure(one.next())).toMatchObject({ reason: 'SESSION_TAKEN' });
    expect(again.attached.token).toBe(one.attached.token);
  });

  it('costs a place for each handle of a driver that does not read', async () => {
    const [one, two] = await pair();
    const { near } = await connectDrivers(server, machine, one, two);
    two.stream.pause();

    for (let event = 0; event < 200; event += 1) await signal(1, near.handle);

    expect((await guest(2)).drivers[0]!.outstanding).toBe(1);
  });

  it('tells of the fault that ends the guest, and ends with it; the service goes on', async () => {
    const old = await bootMachine(server, { variant: 2, noStore: true });
    const one = await driver(server, { machine: old, dom: 1 });
    const { handle } = await call(server.client, intr.allocAndBindLocalPort, {
      machine: old,
      dom: 1,
      remoteDom: 2,
      handler: one.handler,
    });
    const dom = await suspendReal(old, one);

    const ended = await failure(call(server.client, intr.unbind, { machine: old, dom, handle }));
    const fault = await one.expect('fault');

    expect(ended).toMatchObject({ code: GrpcStatus.FAILED_PRECONDITION, reason: 'GUEST_ENDED' });
    expect(fault).toMatchObject({ text: 'evtchn_mask[4294967295]', fatal: true });
    expect(await failure(one.next())).toMatchObject({ reason: 'GUEST_ENDED' });
    expect((await guest(1)).dead).toBeUndefined();
  });
});

describe('Attach refuses', () => {
  const opened = (fields: Parameters<TestDriver['open']>[0]) =>
    failure(driver(server, { machine, ...fields }));

  it.each([
    [{ dom: 9 }, 'NO_GUEST'],
    [{ dom: 0 }, 'NO_GUEST'],
    [{ machine: 'nowhere', dom: 1 }, 'NO_MACHINE'],
    [{ dom: 1, driver: '' }, 'BAD_ARGUMENT'],
    [{ dom: 1, driver: 'x'.repeat(65) }, 'BAD_ARGUMENT'],
    [{ dom: 1, leaseMs: 600_001 }, 'BAD_ARGUMENT'],
    [{ session: 'none' }, 'NO_SESSION'],
  ])('%o with %s', async (fields, reason) => {
    expect((await opened(fields)).reason).toBe(reason);
  });

  it('what comes before open, a second open, and a request without a message', async () => {
    const early = new TestDriver(server);
    early.handled(1);
    expect((await failure(early.next())).reason).toBe('NO_OPEN');

    const twice = await driver(server, { machine, dom: 1 });
    expect((await failure(twice.open({ machine, dom: 1 }))).reason).toBe('REOPENED');

    const empty = await driver(server, { machine, dom: 1 });
    empty.stream.write({ message: undefined });
    expect((await failure(empty.next())).reason).toBe('BAD_MESSAGE');
  });

  it('the token of a driver that is there', async () => {
    const one = await driver(server, { machine, dom: 1 });

    expect((await opened({ dom: 1, token: one.attached.token })).reason).toBe('SESSION_TAKEN');
  });
});

async function pair(): Promise<[TestDriver, TestDriver]> {
  return [await driver(server, { machine, dom: 1 }), await driver(server, { machine, dom: 2 })];
}

/** Asks until the handle has this port: a lease of a few ms ends when it ends. */
async function untilPort(dom: number, handle: number, port: number): Promise<void> {
  for (;;) {
    const found = await call(server.client, intr.getPort, { machine, dom, handle });
    if (found.port === port) return;
  }
}

async function suspendReal(name: string, one: TestDriver): Promise<number> {
  const done = suspend(server, { machine: name, dom: 1 });
  one.ready((await one.suspending()).suspend);
  await one.expect('suspended');
  await one.resumed();
  return (await done).dom;
}
