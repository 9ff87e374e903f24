import { describe, expect, it } from 'vitest';
import { Machine } from '../../../core/index.ts';
import type { Effect, MachineOptions, Op } from '../../../core/index.ts';
import { XEN, boot } from '../../support/host.ts';
import { randomOps } from '../../support/random-ops.ts';

function run(options: MachineOptions, ops: Iterable<Op>) {
  const machine = Machine.create(options);
  const answers = [...ops].map((op) => machine.execute(op));
  return { machine, answers };
}

const effectsSince = (machine: Machine, sequence: number): readonly Effect[] =>
  machine.outbox.read(sequence, 1_000_000).effects;

describe('the same ops on the same configuration', () => {
  it.each([1, 2, 3])('give the same answers, effects and state (seed %i)', (seed) => {
    const one = run({ seed }, randomOps(seed, 3000));
    const two = run({ seed }, randomOps(seed, 3000));

    expect(two.answers).toEqual(one.answers);
    expect(effectsSince(two.machine, 1)).toEqual(effectsSince(one.machine, 1));
    expect(two.machine.stateHash()).toBe(one.machine.stateHash());
  });

  it('do so whether or not somebody looks at the machine meanwhile', () => {
    const ops = [...randomOps(4, 2000)];
    const { machine: alone } = run({}, ops);
    const watched = Machine.create();

    for (const op of ops) {
      watched.execute(op);
      watched.statusAs(0, 1, 1);
      watched.page(1, 3);
      watched.debugKeyE();
      watched.domains();
      watched.vcpu(1, 0);
    }

    expect(watched.stateHash()).toBe(alone.stateHash());
  });

  it('do so with invariants checked or not', () => {
    const { machine: checked } = run({ checkInvariants: true }, randomOps(5, 1000));
    const { machine: free } = run({}, randomOps(5, 1000));

    expect(effectsSince(free, 1)).toEqual(effectsSince(checked, 1));
  });
});

describe('a fork', () => {
  it.each([31, 32, 33])('goes on as the machine that it was taken from (seed %i)', (seed) => {
    const ops = [...randomOps(seed, 4000)];
    const { machine } = run({}, ops.slice(0, 2000));
    const fork = machine.fork();
    const from = machine.outbox.lastSequence + 1;

    for (const op of ops.slice(2000)) expect(fork.execute(op)).toEqual(machine.execute(op));

    expect(fork.stateHash()).toBe(machine.stateHash());
    expect(effectsSince(fork, from)).toEqual(effectsSince(machine, from));
  });

  it('goes its own way: what happens to one leaves the other as it is', () => {
    const xen = boot();
    const port = xen.ipi(1);
    const fork = xen.machine.fork();
    const hash = xen.machine.stateHash();

    fork.execute({ op: 'send', caller: 1, port });
    fork.execute({ op: 'fill', caller: 1, gfn: 0, value: 7 });
    fork.execute({ op: 'destroy_domain', caller: 0, dom: 2 });

    expect(xen.machine.stateHash()).toBe(hash);
    expect(xen.machine.port(1, port)!.pending).toBe(false);
    expect(fork.port(1, port)!.pending).toBe(true);
    expect(fork.domain(2)).toBe(undefined);
    expect(xen.machine.page(1, 0)![0]).toBe(0);
  });

  it('wakes vCPUs whose timeouts end together in the same order', () => {
    const xen = boot({}, []);
    for (const dom of [2, 1]) {
      xen.create(dom);
      xen.must(dom, 'sched_poll', { ports: [], timeout: 10 });
    }
    const fork = xen.machine.fork();
    const from = xen.machine.outbox.lastSequence + 1;

    xen.must(XEN, 'advance_clock', { ns: 10 });
    fork.execute({ op: 'advance_clock', caller: XEN, ns: 10 });

    expect(effectsSince(fork, from)).toEqual(effectsSince(xen.machine, from));
    expect(effectsSince(fork, from).map(({ dom }) => dom)).toEqual([XEN, 1, 2]);
  });

  it('counts ops and effects on, and has the same time', () => {
    const xen = boot();
    xen.must(XEN, 'advance_clock', { ns: 77 });

    const fork = xen.machine.fork();

    expect([fork.opCount, fork.nowNs, fork.outbox.lastSequence]).toEqual([
      xen.machine.opCount,
      77,
      xen.machine.outbox.lastSequence,
    ]);
    expect(fork.journalComplete).toBe(false);
  });
});
