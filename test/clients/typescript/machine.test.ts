import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../support/errors.ts';
import { startLab } from '../support/service.ts';

describe('a machine', () => {
  it('is as it was asked for', async () => {
    const { client, machine } = await startLab({ xen: '4.17', seed: 7, checkInvariants: true });

    const view = await machine.view();

    expect(view).toMatchObject({ name: 'lab', xen: '4.17', seed: 7, checkInvariants: true });
    expect(view).toMatchObject({ doms: [0, 1, 2], opCount: 3, nowNs: 0, journalComplete: true });
    expect(view.createdAt).toBeInstanceOf(Date);
    expect((await client.machines()).map(({ name }) => name)).toEqual(['default', 'lab']);
  });

  it('is there once, and gone when it was deleted', async () => {
    const { client, machine } = await startLab();

    expect(await outcomeOf(client.createMachine({ name: 'lab' }))).toBe('MACHINE_EXISTS');
    await machine.delete();

    expect(await outcomeOf(machine.view())).toBe('NO_MACHINE');
  });

  it('throws TypeError for a kind of guest or a release that there is not', async () => {
    const { client } = await startLab();
    const xen = '3.0' as '4.17';

    await expect(client.createMachine({ name: 'old', xen })).rejects.toThrow(
      new TypeError('"3.0" is no release of Xen: choose one of 4.17, 4.20, 4.22'),
    );
  });

  it('goes on as it was from a snapshot and as a fork, and they share nothing', async () => {
    const { client, machine } = await startLab();
    const port = await machine.domain(1).bindIpi({ vcpu: 0 });
    const restored = await client.restoreMachine('restored', await machine.snapshot());
    const fork = await machine.fork('fork');

    expect(await restored.stateHash()).toBe(await machine.stateHash());
    await fork.domain(1).send(port);

    expect(await restored.stateHash()).toBe(await machine.stateHash());
    expect(await fork.stateHash()).not.toBe(await machine.stateHash());
    expect(await outcomeOf(client.restoreMachine('bad', '{"format":"?"}'))).toBe('BAD_SNAPSHOT');
  });

  it('has a clock that moves when it is told to', async () => {
    const { machine } = await startLab();

    await machine.advanceClock(5n);

    expect(await machine.advanceClock(1_000_000_000)).toBe(1_000_000_005);
    await expect(machine.advanceClock(-1)).rejects.toThrow(TypeError);
  });

  it('keeps a journal and its invariants', async () => {
    const { machine } = await startLab();
    await machine.domain(1).bindIpi({ vcpu: 0 });

    const journal = await machine.journal();

    expect(journal).toContain('bind_ipi');
    expect(await machine.checkInvariants()).toEqual([]);
  });

  it('exports its history as a trace that replays without a difference', async () => {
    const { client, machine } = await startLab();
    const port = await machine.domain(1).bindIpi({ vcpu: 0 });
    await port.send();

    const trace = await machine.exportTrace();

    expect(trace).toContain('xen-evtchn-trace/1');
    const report = await client.replayTrace('mine', trace);
    expect(report).toMatchObject({ trace: 'mine', differences: [], differenceCount: 0 });
    expect(await outcomeOf(client.replayTrace('cut', trace.slice(0, -5)))).toBe('BAD_TRACE');
  });
});
