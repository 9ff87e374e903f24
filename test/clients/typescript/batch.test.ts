import { describe, expect, expectTypeOf, it } from 'vitest';
import { op, unwrap, XenError } from '../../../clients/typescript/index.ts';
import type { PortStatus } from '../../../clients/typescript/index.ts';
import { errorOf, outcomeOf } from '../support/errors.ts';
import { startLab } from '../support/service.ts';

describe('multicall', () => {
  it('tells of each op what became of it, and goes on after one that failed', async () => {
    const { machine } = await startLab();

    const [ipi, failed, status, refused] = await machine
      .domain(1)
      .multicall([
        op.bindIpi({ vcpu: 1 }),
        op.send({ port: 77 }),
        op.status({ dom: 1, port: 1 }),
        op.send({ port: 1 }, { caller: 9 }),
      ]);

    expect(ipi).toEqual({ ok: true, op: 'bind_ipi', value: { port: 1 } });
    expect(failed).toEqual({ ok: false, op: 'send', errno: 'EINVAL', rc: -22 });
    expect(unwrap(status)).toEqual({ status: 5, state: 'ipi', vcpu: 1 });
    expect(refused).toMatchObject({ ok: false, op: 'send', refusal: 'NO_CALLER' });
    expect(() => unwrap(failed)).toThrow(XenError);
    expectTypeOf(unwrap(status)).toEqualTypeOf<PortStatus>();
    expectTypeOf(unwrap(ipi)).toEqualTypeOf<{ port: number }>();
  });

  it('executes ops of every family', async () => {
    const { machine } = await startLab();
    const { fill } = op;

    const outcomes = await machine.multicall([
      op.createDomain({ guest: 'hvm64' }),
      fill({ page: 2, value: 0x4000_0000 }, { caller: 1 }),
      op.memAtomic({ page: 2, offset: 8, width: 64, action: 'read' }, { caller: 1 }),
      op.initControl({ page: 0, offset: 0, vcpu: 0 }, { caller: 1 }),
      op.expandArray({ page: 1 }, { caller: 1 }),
      op.wOr({ port: 3, value: 0x4000_0000 }, { caller: 1 }),
      op.advanceClock({ ns: 10 }),
      op.send({ port: 1 }, { caller: 1, badPointer: true }),
    ]);

    expect(outcomes.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    expect(outcomes[0]).toMatchObject({ value: { dom: 3 } });
    expect(outcomes[2]).toMatchObject({ value: { old: 0x4000_0000_4000_0000n } });
    expect(outcomes[3]).toMatchObject({ value: { linkBits: 17 } });
    expect(outcomes[5]).toMatchObject({ value: { old: 0 } });
    expect(outcomes[7]).toMatchObject({ errno: 'EFAULT', rc: -14 });
  });

  it('refuses more than 4096 ops, and runs none', async () => {
    const { machine } = await startLab();
    const ops = Array.from({ length: 4097 }, () => op.bindIpi({ vcpu: 0 }));

    expect(await outcomeOf(machine.domain(1).multicall(ops))).toBe('BATCH_TOO_LARGE');
    expect(await machine.domain(1).view()).toMatchObject({ activePorts: 0 });
  });
});

describe('a session', () => {
  it('answers batches in their order, however many are under way', async () => {
    const { machine } = await startLab();
    await using session = machine.session({ caller: 1, window: 4 });
    const answered: number[] = [];

    await Promise.all(
      Array.from({ length: 50 }, async (_, index) => {
        const [outcome] = await session.run([op.bindIpi({ vcpu: 0 })]);
        expect(unwrap(outcome).port).toBe(index + 1);
        answered.push(index);
      }),
    );

    expect(answered).toEqual(Array.from({ length: 50 }, (_, index) => index));
  });

  it('makes who waits for `ready` wait while its window is full', async () => {
    const { machine } = await startLab();
    await using session = machine.session({ caller: 1, window: 2 });
    let answered = 0;
    let most = 0;

    for (let sent = 0; sent < 100; sent += 1) {
      await session.ready();
      most = Math.max(most, sent - answered);
      void session.run([op.mMask({ port: 1 })]).then(() => {
        answered += 1;
      });
    }

    expect(most).toBeLessThanOrEqual(2);
  });

  it('answers what is outstanding before it ends, and nothing afterwards', async () => {
    const { machine } = await startLab();
    const session = machine.domain(1).session();
    const running = session.run([op.bindIpi({ vcpu: 0 })]);

    await session.end();

    expect(unwrap((await running)[0])).toEqual({ port: 1 });
    expect(await errorOf(session.run([op.send({ port: 1 })]))).toBeInstanceOf(Error);
  });

  it('that fails stays failed: nothing is sent again', async () => {
    const { client, machine } = await startLab();
    const session = client.machine('nowhere').session();

    expect(await outcomeOf(session.run([op.raiseDebug()]))).toBe('NO_MACHINE');
    expect(await outcomeOf(session.run([op.raiseDebug()]))).toBe('NO_MACHINE');

    const open = machine.session();
    await open.run([op.raiseDebug()]);
    await machine.delete();
    expect(await outcomeOf(open.run([op.raiseDebug()]))).toBe('MACHINE_DELETED');
    expect(await outcomeOf(open.ready())).toBe('MACHINE_DELETED');
  });
});
