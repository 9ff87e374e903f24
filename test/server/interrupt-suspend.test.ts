import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { DomainServiceService as domains } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import type {
  SuspendDomainRequest,
  SuspendDomainResponse,
} from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { Fate, SuspendMode } from '../../proto/gen/evtchnd/v1/guest.ts';
import { InterruptServiceService as intr } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { call, failure, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { bootMachine, connectDrivers, driver, suspend } from './interrupt-support.ts';
import type { TestDriver } from './interrupt-support.ts';

let server: TestServer;
let machine: string;
let one: TestDriver;
let two: TestDriver;
let near: { handle: number; port: number };
let far: { handle: number; port: number };

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(() => begin());

async function begin(config: Parameters<typeof bootMachine>[1] = {}): Promise<void> {
  machine = await bootMachine(server, config);
  one = await driver(server, { machine, dom: 1 });
  two = await driver(server, { machine, dom: 2 });
  ({ near, far } = await connectDrivers(server, machine, one, two));
}

const begun = (fields: Partial<SuspendDomainRequest>): Promise<SuspendDomainResponse> =>
  suspend(server, { machine, dom: 1, ...fields });

/** A suspend to which the driver says that it is ready. */
async function readySuspend(fields: Partial<SuspendDomainRequest>): Promise<SuspendDomainResponse> {
  const done = begun(fields);
  one.ready((await one.suspending()).suspend);
  return done;
}

const signal = (dom: number, handle: number) =>
  call(server.client, intr.signal, { machine, dom, handle });
const guest = async (dom: number) =>
  (await call(server.client, intr.getGuest, { machine, dom })).guest!;
const fateOf = ({ handles }: Pick<SuspendDomainResponse, 'handles'>, handle: number) =>
  handles.find((found) => found.handle === handle)?.fate;

describe('SuspendDomain', () => {
  it('real: moves the guest to a new domain, rebinds VIRQs and leaves channels stale', async () => {
    const virq = await call(server.client, intr.bindVirq, {
      machine,
      dom: 1,
      cpu: 1,
      handler: one.handler,
    });

    const done = await readySuspend({ mode: SuspendMode.REAL, newDom: 7 });
    await one.expect('suspended');
    const resumed = await one.resumed();

    expect(done).toMatchObject({ dom: 7, mode: SuspendMode.REAL, notReady: [] });
    expect(resumed).toMatchObject({ dom: 7, previousDom: 1, mode: SuspendMode.REAL });
    expect(fateOf(resumed, near.handle)).toBe(Fate.STALE);
    expect(fateOf(resumed, virq.handle)).toBe(Fate.REBOUND);
    expect(fateOf(done, 1)).toBe(Fate.REBOUND); // xenstore's
    await call(server.client, domains.raiseVirq, { machine, dom: 7, vcpu: 1, virq: 0 });
    expect(await one.interrupt()).toMatchObject({ handle: virq.handle, vcpu: 1 });
  });

  it.each([SuspendMode.CANCELLED, SuspendMode.FAILED])(
    'mode %i: changes nothing, and an event that came meanwhile comes afterwards',
    async (mode) => {
      const done = begun({ mode });
      const { suspend: number } = await one.suspending();
      await signal(2, far.handle);
      one.ready(number);
      const { handles, dom } = await done;

      while ((await one.next()).$case !== 'cancelled');
      expect(dom).toBe(1);
      expect(handles.map(({ fate }) => fate)).toEqual(handles.map(() => Fate.KEPT));
      expect((await one.interrupt()).handle).toBe(near.handle);
    },
  );

  it('checkpoint: tells the driver that it goes on, with all that it has', async () => {
    await readySuspend({ mode: SuspendMode.CHECKPOINT });
    await one.expect('suspended');

    const { handles, dom } = await one.resumed();
    expect(dom).toBe(1);
    expect(handles).toEqual([{ handle: near.handle, fate: Fate.KEPT, port: near.port }]);
  });

  it('uncooperative: leaves channels stale in the same domain', async () => {
    const { dom } = await readySuspend({ mode: SuspendMode.UNCOOPERATIVE });
    await one.expect('suspended');

    const resumed = await one.resumed();
    expect([dom, resumed.dom]).toEqual([1, 1]);
    expect(fateOf(resumed, near.handle)).toBe(Fate.STALE);
  });

  it('uncooperative: is the end of a guest that has a VIRQ, not of the service', async () => {
    await call(server.client, intr.bindVirq, { machine, dom: 1, handler: one.handler });

    const done = await readySuspend({ mode: SuspendMode.UNCOOPERATIVE });
    await one.expect('suspended');
    const { handles } = await one.resumed();
    const { text, fatal } = await one.expect('fault');

    expect(handles.map(({ fate }) => fate)).toEqual([Fate.GONE, Fate.GONE]);
    expect([fatal, text]).toEqual([true, 'unable to rebind xen VIRQ#0: -17']);
    expect(fateOf(done, near.handle)).toBe(Fate.GONE);
    expect((await failure(one.next())).reason).toBe('GUEST_ENDED');
    expect((await failure(begun({}))).reason).toBe('GUEST_ENDED');
    expect((await guest(2)).dead).toBeUndefined();
  });

  it('soft reset: leaves no handle of a driver', async () => {
    const { handles } = await readySuspend({ mode: SuspendMode.SOFT_RESET });
    await one.expect('suspended');

    expect(handles.find(({ handle }) => handle === near.handle)?.fate).toBe(Fate.GONE);
    expect((await one.resumed()).handles).toEqual([
      { handle: near.handle, fate: Fate.GONE, port: 0 },
    ]);
  });

  it('fails where a driver refuses, and says who and why', async () => {
    const done = begun({});
    one.ready((await one.suspending()).suspend, true, 'a disk is busy');

    expect(await done).toMatchObject({
      dom: 1,
      mode: SuspendMode.FAILED,
      notReady: ['test: a disk is busy'],
    });
    await one.expect('cancelled');
  });

  it('fails where a driver is not ready in time', async () => {
    const done = await begun({ deadlineMs: 3 });

    expect(done.notReady).toEqual(['test: not ready in time']);
    expect((await guest(1)).suspending).toBe(false);
  });

  it('waits for every driver of the domain, and not for one whose lease ends', async () => {
    const other = await driver(server, { machine, dom: 1, driver: 'other', leaseMs: 2 });
    const done = begun({ mode: SuspendMode.CANCELLED });
    one.ready((await one.suspending()).suspend);
    await other.suspending();
    other.die();

    expect((await done).mode).toBe(SuspendMode.CANCELLED);
  });

  it('tells a driver that was away what it missed', async () => {
    one.die();
    while ((await guest(1)).drivers[0]!.connected);
    const done = begun({ newDom: 5 });
    one = await driver(server, { machine, session: one.attached.session });
    one.ready((await one.suspending()).suspend);
    await done;
    await one.expect('suspended');
    await one.resumed();

    one.die();
    while ((await guest(5)).drivers[0]!.connected);
    const again = await failure(
      suspend(server, { machine, dom: 5, newDom: 6, deadlineMs: 1 }),
    ).catch(() => undefined);
    expect(again).toBeUndefined();
    one = await driver(server, { machine, session: one.attached.session });
    await one.expect('cancelled');
    expect(one.attached.dom).toBe(5);
  });

  it.each([true, false])('shifts the store port; rereadsStore %s', async (rereadsStore) => {
    await begin({ rereadsStore });

    const { dom } = await readySuspend({ precreate: 3 });

    const { storePort, faults } = await guest(dom);
    expect([storePort, faults.length]).toEqual(rereadsStore ? [4, 0] : [1, 1]);
  });

  it.each([
    [{ dom: 9 }, 'ESRCH'],
    [{ dom: 0 }, 'ESRCH'],
    [{ caller: 2 }, 'EPERM'],
    [{ machine: 'nowhere' }, 'NO_MACHINE'],
    [{ mode: 99 as SuspendMode }, 'BAD_ARGUMENT'],
    [{ deadlineMs: 600_001 }, 'BAD_ARGUMENT'],
    [{ precreate: 5000 }, 'BAD_ARGUMENT'],
  ])('refuses %o with %s', async (fields, reason) => {
    expect((await failure(begun(fields))).reason).toBe(reason);
  });

  it('refuses a second suspend, and fails where the new domid is taken', async () => {
    const done = begun({ newDom: 2 });
    const { suspend: number } = await one.suspending();
    expect((await failure(begun({}))).reason).toBe('EBUSY');
    one.ready(number);

    expect((await failure(done)).reason).toBe('EEXIST');
    expect((await guest(1)).suspending).toBe(false);
  });
});

describe('SaveDomain and RestoreDomain', () => {
  const save = async (fields: { leaveRunning?: boolean } = {}): Promise<Buffer> => {
    const done = call(server.client, domains.saveDomain, { machine, dom: 1, ...fields });
    one.ready((await one.suspending()).suspend);
    return (await done).image;
  };

  it('move a domain to another machine, where its driver takes its handles up', async () => {
    await call(server.client, intr.bindVirq, { machine, dom: 1, handler: one.handler });
    const { token } = one.attached;
    const image = await save();
    expect((await failure(one.next())).reason).toBe('NO_DOMAIN');

    const there = await bootMachine(server);
    const restored = await call(server.client, domains.restoreDomain, { machine: there, image });
    const { dom } = restored;
    one = await driver(server, { machine: there, dom, token });
    const resumed = await one.resumed();
    await call(server.client, domains.raiseVirq, { machine: there, dom, virq: 0 });

    expect(dom).toBe(3);
    expect(one.attached.token).toBe(token);
    expect(fateOf(restored, near.handle)).toBe(Fate.STALE);
    expect(resumed.handles).toHaveLength(2);
    expect(fateOf(resumed, near.handle)).toBe(Fate.STALE);
    expect((await one.interrupt()).vcpu).toBe(0);
    const { violations } = await call(server.client, machines.checkInvariants, { machine: there });
    expect(violations).toEqual([]);
  });

  it('take an image of a domain that goes on', async () => {
    const image = await save({ leaveRunning: true });
    await one.expect('suspended');
    await one.resumed();

    const copy = await call(server.client, domains.restoreDomain, { machine, image, newDom: 9 });

    expect(copy.dom).toBe(9);
    expect((await guest(9)).suspending).toBe(false);
    await signal(2, far.handle);
    expect((await one.interrupt()).handle).toBe(near.handle);
  });

  it('refuse where a driver refuses, and let the domain go on', async () => {
    const done = call(server.client, domains.saveDomain, { machine, dom: 1 });
    one.ready((await one.suspending()).suspend, true);

    expect(await failure(done)).toMatchObject({
      reason: 'NOT_READY',
      message: 'domain 1 goes on as it was: test: refused',
    });
    await one.expect('cancelled');
  });

  it('refuse what is no image, and a domid that is taken', async () => {
    const image = await save({ leaveRunning: true });
    const restore = (bytes: Buffer, newDom = 9) =>
      failure(call(server.client, domains.restoreDomain, { machine, image: bytes, newDom }));
    const changed = Buffer.from(image.toString().replace('"nr":4096', '"nr":4095'));

    expect((await restore(Buffer.from('{'))).reason).toBe('BAD_IMAGE');
    expect((await restore(Buffer.from('{}'))).reason).toBe('BAD_IMAGE');
    expect((await restore(changed)).message).toContain('it was cut or changed');
    expect((await restore(image, 2)).reason).toBe('EEXIST');
  });
});
