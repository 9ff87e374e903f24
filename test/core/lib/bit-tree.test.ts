import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../../core/index.ts';
import { BitTree } from '../../../core/lib/bit-tree.ts';

/** FC_SEED=N tries other members; a failure prints its own seed and path. */
const SEED = Number(process.env['FC_SEED'] ?? 2026);

/** One level, two and three, full words and partly used ones. */
const CAPACITIES = [1, 31, 32, 33, 64, 1000, 1024, 1025, 32_768, 32_769, 131_072];

describe.each(CAPACITIES)('a tree of bits for %i members', (capacity) => {
  const member = fc.oneof(fc.nat({ max: capacity - 1 }), fc.constantFrom(0, capacity - 1));

  it('finds what a sorted set finds', () => {
    const act = fc.tuple(fc.constantFrom('add', 'delete'), member);

    fc.assert(
      fc.property(fc.array(act, { maxLength: 200 }), fc.array(member), (acts, asked) => {
        const tree = new BitTree(capacity);
        const set = new Set<number>();
        for (const [verb, number] of acts) {
          tree[verb](number);
          set[verb](number);
        }

        const sorted = [...set].sort((a, b) => a - b);
        for (const from of [...asked, 0, capacity - 1]) {
          expect(tree.has(from)).toBe(set.has(from));
          expect(tree.next(from)).toBe(sorted.find((number) => number >= from) ?? -1);
        }
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('finds each member in turn where all are in', () => {
    const tree = new BitTree(capacity);
    for (let number = 0; number < capacity; number += 1) tree.add(number);

    for (let number = 0; number < capacity; number += 97) expect(tree.next(number)).toBe(number);
    expect(tree.next(capacity - 1)).toBe(capacity - 1);
    expect(tree.next(capacity)).toBe(-1);
  });

  it('asserts that a member lies within it', () => {
    const tree = new BitTree(capacity);

    expect(() => tree.add(capacity)).toThrow(InvariantViolation);
    expect(() => tree.add(-1)).toThrow(InvariantViolation);
  });
});

it('an empty tree of bits has no member', () => {
  const tree = new BitTree(131_072);

  expect(tree.next(0)).toBe(-1);
  expect(tree.has(131_071)).toBe(false);
});
