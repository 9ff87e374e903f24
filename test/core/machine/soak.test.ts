import { describe, expect, it } from 'vitest';
import { Machine, XEN_VERSIONS, isRefusal } from '../../../core/index.ts';
import { RANDOM_OPS, randomOps } from '../../support/random-ops.ts';

const SEEDS = [11, 12, 13];

/** Ops that only answer errnos here, as there is seldom a reset to go on with. */
const HARD_TO_PLEASE = ['reset_cont', 'evtchn_op'];

describe('a machine that is asked anything', () => {
  it.each(XEN_VERSIONS)(`keeps every invariant (Xen %s, seeds ${SEEDS.join(', ')})`, (xen) => {
    const succeeded = new Set<string>();

    for (const seed of SEEDS) {
      const resetSlicePorts = seed === 12 ? 64 : 0;
      const machine = Machine.create({ xen, seed, resetSlicePorts, checkInvariants: true });
      for (const op of randomOps(seed, 6000)) {
        if (machine.execute(op).ok) succeeded.add(op.op);
      }
      expect(machine.retired, `seed ${seed}`).toBe(undefined);
      expect(machine.invariantViolations(), `seed ${seed}`).toEqual([]);
    }

    const never = RANDOM_OPS.filter((op) => !succeeded.has(op));
    expect(never.filter((op) => !HARD_TO_PLEASE.includes(op))).toEqual([]);
  });

  it('changes nothing by an op that it refuses', () => {
    const machine = Machine.create();

    for (const op of randomOps(21, 4000)) {
      const before = machine.opCount;
      const hash = before % 40 === 0 ? machine.stateHash() : undefined;
      if (!isRefusal(machine.execute(op))) continue;
      expect(machine.opCount).toBe(before);
      if (hash !== undefined) expect(machine.stateHash()).toBe(hash);
    }
  });
});
