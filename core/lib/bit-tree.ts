import { assert } from './assert.ts';

/**
 * A set of small integers that finds its lowest member at or above a number in a few word reads,
 * however large it is: each level has one bit per word of the level below that is not zero.
 */
export class BitTree {
  readonly capacity: number;
  readonly #levels: Uint32Array[] = [];

  constructor(capacity: number) {
    this.capacity = capacity;
    let words = capacity;
    do {
      words = Math.max(1, Math.ceil(words / 32));
      this.#levels.push(new Uint32Array(words));
    } while (words > 1);
  }

  has(member: number): boolean {
    return (this.#levels[0]![member >>> 5]! & (1 << (member & 31))) !== 0;
  }

  add(member: number): void {
    assert(member >= 0 && member < this.capacity, 'a member lies within the capacity');
    let index = member;
    for (const level of this.#levels) {
      level[index >>> 5]! |= 1 << (index & 31);
      index >>>= 5;
    }
  }

  delete(member: number): void {
    let index = member;
    for (const level of this.#levels) {
      level[index >>> 5]! &= ~(1 << (index & 31));
      if (level[index >>> 5] !== 0) return;
      index >>>= 5;
    }
  }

  /** The lowest member >= `from`, or -1. */
  next(from: number): number {
    let index = from;
    for (let depth = 0; depth < this.#levels.length; depth += 1) {
      const level = this.#levels[depth]!;
      if (index >>> 5 >= level.length) return -1;
      const rest = level[index >>> 5]! & (-1 << (index & 31));
      if (rest !== 0) return this.#descend(depth, (index & ~31) + lowestBit(rest));
      index = (index >>> 5) + 1; // Nothing left in this word: ask the level above for the next.
    }
    return -1;
  }

  /** The lowest member below the `index`-th word of the level under `depth`. */
  #descend(depth: number, index: number): number {
    let member = index;
    for (let level = depth - 1; level >= 0; level -= 1) {
      member = member * 32 + lowestBit(this.#levels[level]![member]!);
    }
    return member;
  }
}

/** Index of the lowest set bit of a word that is not 0. */
const lowestBit = (word: number): number => 31 - Math.clz32(word & -word);
