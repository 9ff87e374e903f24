import { describe, expect, it } from 'vitest';
import type { EffectRecord, Machine, Upcall } from '../../../clients/typescript/index.ts';
import { outcomeOf } from '../support/errors.ts';
import { connectTo, startLab, startService } from '../support/service.ts';
import { startProxy } from '../support/tcp-proxy.ts';

async function next<Item>(watch: AsyncGenerator<Item>): Promise<Item> {
  const { value, done } = await watch.next();
  if (done === true) throw new Error('the watch has ended');
  return value;
}

const take = async <Item>(count: number, watch: AsyncGenerator<Item>): Promise<Item[]> => {
  const items: Item[] = [];
  while (items.length < count) items.push(await next(watch));
  return items;
};

const sequences = (records: readonly EffectRecord[]): number[] =>
  records.map((record) => ('sequence' in record ? record.sequence : Number.NaN));

const bindIpis = async (machine: Machine, count: number): Promise<void> => {
  for (let bound = 0; bound < count; bound += 1) await machine.domain(1).bindIpi({ vcpu: 0 });
};

describe('watchEffects', () => {
  it('tells what has happened, and then what happens', async () => {
    const { machine } = await startLab();
    await bindIpis(machine, 1);
    const watch = machine.watchEffects({ from: 1, kinds: ['bound'], doms: [1] });

    expect(await next(watch)).toEqual({
      kind: 'bound',
      sequence: 4,
      op: 4,
      dom: 1,
      vcpu: 0,
      port: 1,
      detail: 5,
    });
    await bindIpis(machine, 1);

    expect(await next(watch)).toMatchObject({ kind: 'bound', port: 2 });
    await watch.return();
  });

  it('begins with the next effect unless it is told otherwise', async () => {
    const { machine } = await startLab();
    await bindIpis(machine, 1);
    const watch = machine.watchEffects();
    const first = next(watch);
    while (!(await isWatched(machine))) await bindIpis(machine, 1);

    expect(await first).toMatchObject({ kind: 'bound' });
    await watch.return();

    async function isWatched(of: Machine): Promise<boolean> {
      const answer = await Promise.race([first.then(() => true), of.view().then(() => false)]);
      return answer;
    }
  });

  it('gives its place at the server back when the loop is left', async () => {
    const { app, machine } = await startLab();

    for await (const effect of machine.watchEffects({ from: 1 })) {
      expect(effect.kind).toBe('domain_created');
      break;
    }

    const metrics = async (): Promise<string> =>
      (await fetch(`http://${app.httpAddress}/metrics`)).text();
    await expect.poll(metrics).toContain('evtchnd_streams_open{kind="effects"} 0');
  });

  it('goes on where it was after its connection broke: nothing lost, nothing twice', async () => {
    const { app, machine } = await startLab();
    const proxy = await startProxy(app.grpcAddress);
    const watched = connectTo(proxy.address).machine('lab');
    const watch = watched.watchEffects({ from: 1 });
    const before = await take(3, watch);

    proxy.cut();
    await bindIpis(machine, 3);
    const after = await take(3, watch);

    expect(sequences([...before, ...after])).toEqual([1, 2, 3, 4, 5, 6]);
    await watch.return();
  });

  it('tells of a machine that is another one since the service was started anew', async () => {
    const first = await startService();
    const watch = connectTo(first.grpcAddress).machine().watchEffects({ from: 1 });
    await take(4, watch);

    await first.stop();
    await startService({ grpcAddress: first.grpcAddress });

    expect(await next(watch)).toEqual({ kind: 'replaced' });
    expect(await next(watch)).toMatchObject({ kind: 'domain_created', sequence: 1 });
    await watch.return();
  });

  it('tells once which effects the machine no longer has', async () => {
    const { machine } = await startLab({ limits: { effects: 256 } });
    await bindIpis(machine, 300);

    const watch = machine.watchEffects({ from: 1 });

    const gap = await next(watch);
    expect(gap).toMatchObject({ kind: 'gap', from: 1 });
    const to = 'to' in gap ? gap.to : 0;
    expect(await next(watch)).toMatchObject({ kind: 'bound', sequence: to + 1 });
    await watch.return();
  });

  it('ends when its signal says so, and throws when its machine is deleted', async () => {
    const { machine } = await startLab();
    const leave = new AbortController();
    const left = machine.watchEffects({ from: 4, signal: leave.signal });
    const end = left.next();
    const watch = machine.watchEffects({ from: 3 });
    await next(watch);

    leave.abort();

    expect((await end).done).toBe(true);
    await machine.delete();
    expect(await outcomeOf(next(watch))).toBe('MACHINE_DELETED');
  });

  it('throws at once where there is no such machine', async () => {
    const { client } = await startLab();

    expect(await outcomeOf(next(client.machine('nowhere').watchEffects()))).toBe('NO_MACHINE');
  });
});

describe('watchUpcalls', () => {
  it('tells of vCPUs whose bit is set, and then of each that is', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const [first, second] = [await guest.bindIpi({ vcpu: 0 }), await guest.bindIpi({ vcpu: 1 })];
    await first.send();
    const watch = guest.watchUpcalls();

    const told: Upcall[] = [await next(watch)];
    await second.send();
    told.push(await next(watch));

    expect(told).toEqual([
      { vcpu: 0, count: 0, masked: true },
      { vcpu: 1, count: 1, masked: true },
    ]);
    await watch.return();
  });

  it('tells again of what is pending after its connection broke', async () => {
    const { app, machine } = await startLab();
    const proxy = await startProxy(app.grpcAddress);
    const port = await machine.domain(1).bindIpi({ vcpu: 1 });
    await port.send();
    const watch = connectTo(proxy.address).machine('lab').domain(1).watchUpcalls();
    await next(watch);

    proxy.cut();

    expect(await next(watch)).toEqual({ vcpu: 1, count: 0, masked: true });
    await watch.return();
  });

  it('throws when the domain is destroyed, and where there is none', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const port = await guest.bindIpi({ vcpu: 0 });
    await port.send();
    const watch = guest.watchUpcalls();
    await next(watch);

    await guest.destroy();

    expect(await outcomeOf(next(watch))).toBe('NO_DOMAIN');
    expect(await outcomeOf(next(guest.watchUpcalls()))).toBe('NO_DOMAIN');
  });
});
