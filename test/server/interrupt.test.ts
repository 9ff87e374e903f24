import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { FaultKind, GuestVariant } from '../../proto/gen/evtchnd/v1/guest.ts';
import {
  HandlerKind,
  InterruptServiceService as intr,
} from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { call, failure, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { boot, bootMachine } from './interrupt-support.ts';

const HANDLER = { token: 7, kind: HandlerKind.ITHREAD };
const SELF = 32_752;

let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = await bootMachine(server);
});

/** A call of the kernel of domain 1. */
const at = <Request extends object, Response>(
  method: Parameters<typeof call<Request, Response>>[1],
  fields: Partial<Request> = {},
) => call(server.client, method, { machine, dom: 1, ...fields });

const guest = async (dom = 1) => (await at(intr.getGuest, { dom })).guest!;
const bindIpi = (cpu = 0) => at(intr.allocAndBindIpi, { cpu, handler: HANDLER });

describe('BootGuest', () => {
  it('boots the newest variant, with xenstore and a console', async () => {
    const { variant, knobs, nr, handles, storePort, consolePort, dead } = await guest();

    expect([variant, nr, dead]).toEqual([GuestVariant.REVIEW_IDEAL, 4096, undefined]);
    expect([storePort, consolePort]).toEqual([1, 2]);
    expect(handles.map(({ handle }) => handle)).toEqual([1, 2]);
    expect(knobs).toContainEqual({ name: 'releaseGuard', value: 'owner' });
  });

  it('sets single knobs by name, and then it is no variant', async () => {
    await boot(server, machine, 0, {
      variant: GuestVariant.OLD_2021,
      knobs: [{ name: 'invariants', value: 'false' }],
      nr: 64,
      noStore: true,
    });

    const { variant, knobs, nr, handles } = await guest(0);
    expect([variant, nr, handles]).toEqual([GuestVariant.UNSPECIFIED, 64, []]);
    expect(knobs).toContainEqual({ name: 'invariants', value: 'false' });
    expect(knobs).toContainEqual({ name: 'sentinel', value: 'zero' });
  });

  it.each([
    [1, {}, 'EEXIST'],
    [9, {}, 'ESRCH'],
    [0, { variant: 9 as GuestVariant }, 'BAD_ARGUMENT'],
    [0, { knobs: [{ name: 'speed', value: 'high' }] }, 'BAD_ARGUMENT'],
    [0, { knobs: [{ name: 'sentinel', value: 'one' }] }, 'BAD_ARGUMENT'],
    [0, { nr: 4097 }, 'BAD_ARGUMENT'],
    [0, { precreate: 4097 }, 'BAD_ARGUMENT'],
  ])('in domain %i with %o: %s', async (dom, config, reason) => {
    expect((await failure(boot(server, machine, dom, config))).reason).toBe(reason);
  });

  it('needs privilege', async () => {
    const denied = call(server.client, intr.bootGuest, { machine, caller: 2, dom: 0 });
    expect((await failure(denied)).reason).toBe('EPERM');
  });
});

describe('binds', () => {
  it('join two guests, and answer handle and port', async () => {
    const near = await at(intr.allocAndBindLocalPort, { remoteDom: 2, handler: HANDLER });
    const far = await at(intr.bindRemotePort, { dom: 2, remoteDom: 1, remotePort: near.port });

    expect([near, far]).toEqual([
      { handle: 3, port: 3 },
      { handle: 3, port: 3 },
    ]);
    expect((await guest(2)).sources.find(({ port }) => port === 3)).toMatchObject({
      type: 'port',
      handler: undefined,
      close: true,
      ownsPort: true,
    });
  });

  it('take VIRQs, IPIs and ports that exist', async () => {
    const timer = await at(intr.bindVirq, { virq: 0, cpu: 1, handler: HANDLER });
    const ipi = await bindIpi(1);
    await at(intr.unbind, { handle: 1 });
    const store = await at(intr.bindLocalPort, { port: 1, handler: HANDLER });

    const { sources, handles } = await guest();
    const sourceOf = (handle: number) =>
      sources[handles.find((found) => found.handle === handle)!.source];
    expect(sourceOf(timer.handle)).toMatchObject({ type: 'virq', virq: 0, cpu: 1 });
    expect(sourceOf(ipi.handle)).toMatchObject({ type: 'ipi', cpu: 1, handler: HANDLER });
    expect(sourceOf(store.handle)).toMatchObject({ type: 'port', close: false });
  });

  it('keep the kind of a handler', async () => {
    const kinds = [HandlerKind.ITHREAD, HandlerKind.FILTER, HandlerKind.FILTER_AND_ITHREAD];
    for (const kind of kinds) {
      await at(intr.allocAndBindIpi, { handler: { token: 9, kind } });
    }

    const found = (await guest()).sources.flatMap(({ type, handler }) =>
      type === 'ipi' ? [handler?.kind] : [],
    );
    expect(found).toEqual(kinds);
  });

  it('answer the errno of the hypercall, and of the layer', async () => {
    await at(intr.bindVirq, { virq: 0, handler: HANDLER });
    const failed = async (promise: Promise<unknown>) => (await failure(promise)).reason;

    expect(await failed(at(intr.bindRemotePort, { remoteDom: 2, remotePort: 50 }))).toBe('EINVAL');
    expect(await failed(at(intr.bindVirq, { virq: 0 }))).toBe('EEXIST');
    expect(await failed(at(intr.bindVirq, { virq: 24 }))).toBe('EINVAL');
    expect(await failed(at(intr.allocAndBindIpi, { cpu: 2 }))).toBe('ENOENT');
    expect(await failed(at(intr.bindLocalPort, { port: 0 }))).toBe('EINVAL');
    expect(await failed(at(intr.bindLocalPort, { port: 1 }))).toBe('EINVAL');
    const kind = 9 as HandlerKind;
    expect(await failed(at(intr.bindLocalPort, { handler: { token: 1, kind } }))).toBe(
      'BAD_ARGUMENT',
    );
  });
});

describe('handles', () => {
  it('are signalled, unbound once, and gone then', async () => {
    const { handle, port } = await bindIpi();

    await at(intr.signal, { handle });
    expect((await at(intr.getPort, { handle })).port).toBe(port);
    await at(intr.unbind, { handle });
    await at(intr.unbind, { handle });
    await at(intr.signal, { handle });

    expect((await at(intr.getPort, { handle })).port).toBe(0);
    expect((await guest()).handles.map((found) => found.handle)).toEqual([1, 2]);
  });

  it('get a handler once', async () => {
    const { handle } = await at(intr.allocAndBindLocalPort, { remoteDom: SELF });

    await at(intr.addHandler, { handle, handler: HANDLER });

    const again = at(intr.addHandler, { handle, handler: HANDLER });
    expect((await failure(again)).reason).toBe('EINVAL');
    expect((await failure(at(intr.addHandler, { handle: 50, handler: HANDLER }))).reason).toBe(
      'EINVAL',
    );
  });

  it('are found by port, with a reference each', async () => {
    const { handle, port } = await bindIpi();

    const second = await at(intr.getEvtchnFromPort, { port });
    await at(intr.unbind, { handle });

    expect((await at(intr.getPort, { handle: second.handle })).port).toBe(port);
    expect((await failure(at(intr.getEvtchnFromPort, { port: 500 }))).reason).toBe('EINVAL');
  });

  it('are described for people, until they are unbound', async () => {
    const { handle } = await bindIpi();
    const described = async () =>
      (await guest()).handles.find((found) => found.handle === handle)?.description;

    await at(intr.describe, { handle, description: 'xn0' });

    expect(await described()).toBe('xn0');
    const long = at(intr.describe, { handle, description: 'x'.repeat(256) });
    expect((await failure(long)).reason).toBe('BAD_ARGUMENT');
    await at(intr.unbind, { handle });
    expect((await failure(at(intr.describe, { handle }))).reason).toBe('EINVAL');
  });

  it('go to other CPUs, of those that there are', async () => {
    const { handle } = await at(intr.allocAndBindLocalPort, { remoteDom: 2, handler: HANDLER });

    await at(intr.assignCpu, { handle, cpu: 1 });

    const { handles, sources } = await guest();
    expect(sources[handles.find((found) => found.handle === handle)!.source]?.cpu).toBe(1);
    expect((await failure(at(intr.assignCpu, { handle, cpu: 2 }))).reason).toBe('BAD_ARGUMENT');
    expect((await failure(at(intr.assignCpu, { handle: 50, cpu: 0 }))).reason).toBe('EINVAL');
  });

  it('are no concern of a domain without a kernel', async () => {
    expect((await failure(at(intr.getGuest, { dom: 0 }))).reason).toBe('NO_GUEST');
    expect((await failure(at(intr.getPort, { dom: 9 }))).reason).toBe('NO_GUEST');
    expect((await failure(at(intr.signal, { dom: 0, handle: 1 }))).reason).toBe('NO_CALLER');
  });
});

describe('a guest that faults', () => {
  it('ends, and says why, while the others go on', async () => {
    const { port } = await at(intr.allocAndBindLocalPort, { remoteDom: 2 });
    await call(server.client, intr.bindRemotePort, {
      machine,
      dom: 2,
      remoteDom: 1,
      remotePort: port,
    });
    const virq = await at(intr.bindVirq, { virq: 0, handler: HANDLER });

    const ended = await failure(at(intr.signal, { handle: virq.handle }));

    expect(ended).toMatchObject({ reason: 'GUEST_ENDED' });
    expect((await guest()).dead).toMatchObject({ kind: FaultKind.KASSERT, fatal: true });
    expect((await failure(bindIpi())).reason).toBe('CANNOT_RUN');
    await at(intr.allocAndBindIpi, { dom: 2, handler: HANDLER });
  });
});
