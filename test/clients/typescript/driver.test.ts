import { describe, expect, it } from 'vitest';

import type { Driver, Interrupt, Machine, Resumed } from '../../../clients/typescript/index.ts';
import { VIRQ } from '../../../clients/typescript/index.ts';
import { errorOf, outcomeOf } from '../support/errors.ts';
import { connectTo, startLab } from '../support/service.ts';
import { startProxy } from '../support/tcp-proxy.ts';

/** What comes one by one, and is awaited. */
class Arrivals<Item> {
  readonly #items: Item[] = [];
  #wake: (() => void) | undefined;

  readonly push = (item: Item): void => {
    this.#items.push(item);
    this.#wake?.();
  };

  async next(): Promise<Item> {
    while (this.#items.length === 0) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#items.shift()!;
  }
}

async function bootLab(): Promise<{ address: string; machine: Machine }> {
  const { app, machine } = await startLab();
  for (const dom of [1, 2]) await machine.domain(dom).bootGuest();
  return { address: app.grpcAddress, machine };
}

/** A channel whose far end tells of its interrupts. */
async function connectPair(near: Driver, far: Driver, handler: (event: Interrupt) => unknown) {
  const ours = await near.allocAndBindLocalPort({ remoteDom: far.dom });
  const first = new Arrivals<Interrupt>();
  const theirs = await far.bindRemotePort(
    { remoteDom: near.dom, remotePort: ours.port },
    first.push,
  );
  await first.next();
  far.on(theirs.handle, handler);
  return { ours, theirs };
}

describe('Driver', () => {
  it('runs a handler for each interrupt, one at a time', async () => {
    const { machine } = await bootLab();
    const near = await machine.domain(1).attach({ driver: 'xn' });
    const far = await machine.domain(2).attach({ driver: 'xnb' });
    const arrivals = new Arrivals<Interrupt>();
    const gate = Promise.withResolvers<void>();
    const { ours, theirs } = await connectPair(near, far, async (event) => {
      arrivals.push(event);
      await gate.promise;
    });

    await near.signal(ours.handle);
    const first = await arrivals.next();
    await near.signal(ours.handle);
    gate.resolve();
    const second = await arrivals.next();

    expect(first).toMatchObject(theirs);
    expect(second.sequence).toBe(first.sequence + 1n);
    await near.leave();
    await far.leave();
    expect((await machine.domain(1).guest()).drivers).toEqual([]);
  });

  it('gives interrupts without a handler to a loop, which ends with the driver', async () => {
    const { machine } = await bootLab();
    const driver = await machine.domain(1).attach();
    const timer = await driver.bindVirq({ virq: VIRQ.TIMER });
    const seen: number[] = [];

    await machine.domain(1).raiseVirq(VIRQ.TIMER);
    for await (const { handle } of driver) {
      seen.push(handle);
      if (seen.length === 2) await driver.leave();
      else await machine.domain(1).raiseVirq(VIRQ.TIMER);
    }

    expect(seen).toEqual([timer.handle, timer.handle]);
  });

  it('comes back by itself after a broken connection, and loses nothing', async () => {
    const { address, machine } = await bootLab();
    const proxy = await startProxy(address);
    const far = await connectTo(proxy.address).machine('lab').domain(2).attach();
    const near = await machine.domain(1).attach();
    const arrivals = new Arrivals<Interrupt>();
    const gate = Promise.withResolvers<void>();
    const { ours } = await connectPair(near, far, async (event) => {
      arrivals.push(event);
      await gate.promise;
    });

    await near.signal(ours.handle);
    const first = await arrivals.next();
    proxy.cut();
    await near.signal(ours.handle);
    gate.resolve();
    const second = await arrivals.next();

    expect(second.sequence).toBe(first.sequence + 1n);
    expect((await machine.domain(2).guest()).drivers).toHaveLength(1);
  });

  it('fails when its lease is over before it comes back', async () => {
    const { machine } = await bootLab();
    const driver = await machine.domain(1).attach({ leaseMs: 2 });
    const timer = await driver.bindVirq({ virq: VIRQ.TIMER });

    driver.abandon();

    while ((await driver.port(timer.handle)) !== 0);
    expect((await machine.domain(1).guest()).drivers).toEqual([]);
  });

  it('reconnects its channel after a real suspend, in the new domain', async () => {
    const { machine } = await bootLab();
    const near = await machine.domain(1).attach();
    const far = await machine.domain(2).attach();
    const arrivals = new Arrivals<Interrupt>();
    const { ours, theirs } = await connectPair(near, far, arrivals.push);
    const told: string[] = [];
    const resumed = new Arrivals<Resumed>();
    near.onSuspending(({ mode }) => told.push(`suspending ${mode}`));
    near.onSuspended(() => told.push('suspended'));
    near.onResumed(resumed.push);

    const { domain, mode, handles } = await machine.domain(1).suspend({ precreate: 2 });
    const { dom, handles: fates } = await resumed.next();
    await near.unbind(ours.handle);
    const anew = await near.allocAndBindLocalPort({ remoteDom: 2 });
    await far.unbind(theirs.handle);
    await far.bindRemotePort({ remoteDom: dom, remotePort: anew.port }, arrivals.push);
    await arrivals.next();
    await near.signal(anew.handle);

    expect(told).toEqual(['suspending real', 'suspended']);
    expect([mode, domain.dom, near.dom]).toEqual(['real', dom, dom]);
    expect(fates).toEqual([{ handle: ours.handle, fate: 'stale', port: 0 }]);
    expect(handles.map(({ fate }) => fate)).toEqual(['rebound', 'rebound', 'stale']);
    expect((await arrivals.next()).sequence).toBe(3n);
  });

  it('refuses a suspend by throwing', async () => {
    const { machine } = await bootLab();
    const driver = await machine.domain(1).attach({ driver: 'xbd0' });
    const cancelled = new Arrivals<unknown>();
    driver.onSuspending(() => {
      throw new Error('requests are in flight');
    });
    driver.onCancelled(cancelled.push);

    const { mode, notReady, domain } = await machine.domain(1).suspend();

    expect([mode, notReady, domain.dom]).toEqual(['failed', ['xbd0: requests are in flight'], 1]);
    expect(await cancelled.next()).toEqual({ mode: 'failed' });
  });

  it('ends with the error that a handler throws', async () => {
    const { machine } = await bootLab();
    const driver = await machine.domain(1).attach();
    const broken = new Error('broken');
    await driver.bindVirq({ virq: VIRQ.TIMER }, () => {
      throw broken;
    });

    await machine.domain(1).raiseVirq(VIRQ.TIMER);

    expect(await errorOf(driver.closed)).toBe(broken);
  });

  it('hears of the fault that ends its guest', async () => {
    const { machine } = await startLab();
    await machine.domain(1).bootGuest({ variant: 'fixed-2024', knobs: { invariants: true } });
    const driver = await machine.domain(1).attach();
    const faults = new Arrivals<unknown>();
    driver.onFault(faults.push);
    const timer = await driver.bindVirq({ virq: VIRQ.TIMER });

    expect(await outcomeOf(driver.signal(timer.handle))).toBe('GUEST_ENDED');
    expect(await faults.next()).toMatchObject({ kind: 'kassert', fatal: true });
    expect(await outcomeOf(driver.closed)).toBe('GUEST_ENDED');
    expect((await machine.domain(1).guest()).dead?.kind).toBe('kassert');
  });

  it('takes up its handles in the machine that its domain was moved to', async () => {
    const { machine } = await bootLab();
    const driver = await machine.domain(1).attach();
    await driver.bindVirq({ virq: VIRQ.TIMER });
    const { token } = driver;

    const image = await machine.domain(1).save();
    const there = await machine.fork('there');
    const restored = await there.restoreDomain(image, { newDom: 7 });
    const again = await restored.attach({ token });
    const arrivals = new Arrivals<Interrupt>();
    const { handles } = await new Promise<Resumed>((resolve) => again.onResumed(resolve));
    again.on(handles[0]!.handle, arrivals.push);
    await restored.raiseVirq(VIRQ.TIMER);

    expect(await outcomeOf(driver.closed)).toBe('NO_DOMAIN');
    expect(handles.map(({ fate }) => fate)).toEqual(['rebound']);
    await arrivals.next();
  });

  it('is refused where there is no guest, or no such variant', async () => {
    const { machine } = await startLab();

    expect(await outcomeOf(machine.domain(1).attach())).toBe('NO_GUEST');
    expect(await outcomeOf(machine.domain(1).bootGuest({ knobs: { no: true } }))).toBe(
      'BAD_ARGUMENT',
    );
    const variant = 'next' as 'old-2021';
    expect(await errorOf(machine.domain(1).bootGuest({ variant }))).toBeInstanceOf(TypeError);
  });
});
