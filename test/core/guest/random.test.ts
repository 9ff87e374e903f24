import { describe, expect, it } from 'vitest';
import type { VariantName } from '../../../core/index.ts';
import { GuestWorld, describeOps, shrink } from '../../support/guest-world.ts';
import { randomGuestOps } from '../../support/random-guest-ops.ts';

/** GUEST_SEED=N tries other runs, GUEST_OPS=N more of them. */
const SEED = Number(process.env['GUEST_SEED'] ?? 30_743);
const OPS = Number(process.env['GUEST_OPS'] ?? 200_000);
/** Each world lives this long, so that no run gets stuck in a full one. */
const OPS_PER_WORLD = 5_000;
/** What a variant with the defects of the review may take to show one. */
const OPS_TO_FIND = 2_000;

interface Run {
  readonly world: GuestWorld;
  readonly what: string | undefined;
}

function run(variant: VariantName, seed: number, count: number): Run {
  const world = new GuestWorld(variant);
  const ops = randomGuestOps(seed, world);
  for (let step = 0; step < count; step += 1) {
    const what = world.step(ops.next().value);
    if (what !== undefined) return { world, what };
  }
  return { world, what: undefined };
}

/** Seed, cause and the shortest ops that have it, for whoever reads the failure. */
function report(variant: VariantName, seed: number, { world, what }: Run): string {
  const shortest = shrink(variant, { ops: world.ops, what: what! });
  return `seed ${seed}, op ${world.ops.length}: ${what}\n${describeOps(shortest)}`;
}

describe('random drivers, peers and suspends', () => {
  it(`break nothing in review-ideal, in ${OPS} ops from seed ${SEED}`, () => {
    for (let at = 0; at < OPS; at += OPS_PER_WORLD) {
      const seed = SEED + at / OPS_PER_WORLD;
      const result = run('review-ideal', seed, OPS_PER_WORLD);
      if (result.what !== undefined) expect.fail(report('review-ideal', seed, result));
    }
  }, 120_000);

  it.each(['old-2021', 'landed-2023', 'fixed-2024'] as const)(
    `show a defect of %s within ${OPS_TO_FIND} ops, told in a few`,
    (variant) => {
      const result = run(variant, SEED, OPS_TO_FIND);
      expect(result.what).toBeDefined();

      const shortest = shrink(variant, { ops: result.world.ops, what: result.what! });

      expect(shortest.length, report(variant, SEED, result)).toBeLessThan(20);
    },
    30_000,
  );
});
