import type { AtomicAccess } from '../batch/memory-ops.ts';

/** How a word of this width is written in JavaScript. */
interface Notation<Value> {
  readonly parse: (bits: bigint) => Value;
  readonly toBits: (value: Value) => bigint;
}

/**
 * A word of a domain's memory. Each access is atomic, and each but `read` answers the word as it
 * was before.
 *
 * XenError EINVAL: the domain has no such page, or the offset is not in it or not aligned.
 */
export class Word<Value extends number | bigint> {
  readonly #atomic: (access: AtomicAccess) => Promise<bigint>;
  readonly #place: Pick<AtomicAccess, 'page' | 'offset' | 'width'>;
  readonly #notation: Notation<Value>;

  constructor(
    atomic: (access: AtomicAccess) => Promise<bigint>,
    place: Pick<AtomicAccess, 'page' | 'offset'>,
    width: 32 | 64,
    notation: Notation<Value>,
  ) {
    this.#atomic = atomic;
    this.#place = { ...place, width };
    this.#notation = notation;
  }

  /** The word. */
  async read(): Promise<Value> {
    return this.#notation.parse(await this.#atomic({ ...this.#place, action: 'read' }));
  }

  /** Writes `value`. */
  xchg(value: Value): Promise<Value> {
    return this.#change('xchg', value);
  }

  /** word |= value. */
  or(value: Value): Promise<Value> {
    return this.#change('or', value);
  }

  /** word &= value. */
  and(value: Value): Promise<Value> {
    return this.#change('and', value);
  }

  /** word ^= value. */
  xor(value: Value): Promise<Value> {
    return this.#change('xor', value);
  }

  /** Writes `value` where the word is `compare`; that it was shows in the answer. */
  cmpxchg(compare: Value, value: Value): Promise<Value> {
    return this.#change('cmpxchg', value, compare);
  }

  async #change(
    action: AtomicAccess['action'],
    value: Value,
    compare: Value = value,
  ): Promise<Value> {
    const { parse, toBits } = this.#notation;
    const operands = { value: toBits(value), compare: toBits(compare) };
    return parse(await this.#atomic({ ...this.#place, action, ...operands }));
  }
}
