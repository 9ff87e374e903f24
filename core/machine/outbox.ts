import { EFFECT_KINDS } from '../public/effect.ts';
import type { EffectSink } from '../public/effect.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';
import type { Effect } from './effect.ts';

const INITIAL_CAPACITY = 256;
const FIELDS = 5;

/** A stretch of effects. `gap` comes first where older ones were asked for than are kept. */
export interface EffectBatch {
  readonly gap?: { readonly from: number; readonly to: number };
  readonly effects: readonly Effect[];
  /** The sequence number to read on from. */
  readonly next: number;
}

/** The numbered effects of a machine, the last `limit` of them: a ring that readers poll. */
export class Outbox implements EffectSink {
  readonly #limit: number;
  /** kind, dom, vcpu, port, detail of each effect. */
  #ring: Uint32Array;
  #ops: Float64Array;
  #capacity: number;
  #last: number;
  #first: number;
  /** Where the next effect goes: it stays a small integer, which sequence numbers may not. */
  #slot: number;
  /** The op whose effects come now. */
  op = 0;

  /** `last`: the sequence number of the last effect before this outbox began. */
  constructor(limit: number, last = 0) {
    this.#limit = limit;
    this.#capacity = Math.min(INITIAL_CAPACITY, limit);
    this.#ring = new Uint32Array(this.#capacity * FIELDS);
    this.#ops = new Float64Array(this.#capacity);
    this.#last = last;
    this.#first = last + 1;
    this.#slot = (last + 1) % this.#capacity;
  }

  /** Sequence number of the newest effect; 0 before there is one. */
  get lastSequence(): number {
    return this.#last;
  }

  /** Sequence number of the oldest effect that is kept; lastSequence + 1 if none is. */
  get firstSequence(): number {
    return this.#first;
  }

  emit(kind: number, dom: Domid, vcpu: VcpuId, port: Port, detail: number): void {
    if (this.#last - this.#first + 1 === this.#capacity) {
      if (this.#capacity === this.#limit)
        this.#first += 1; // The oldest effect goes.
      else this.#grow();
    }
    const slot = this.#slot;
    const at = slot * FIELDS;
    const ring = this.#ring;
    ring[at] = kind;
    ring[at + 1] = dom;
    ring[at + 2] = vcpu;
    ring[at + 3] = port;
    ring[at + 4] = detail;
    this.#ops[slot] = this.op;
    this.#last += 1;
    this.#slot = slot + 1 === this.#capacity ? 0 : slot + 1;
  }

  /** Up to `max` effects, from sequence number `from` on. */
  read(from: number, max: number): EffectBatch {
    const start = Math.max(from, this.#first);
    const end = Math.min(this.#last, start + max - 1);
    const effects: Effect[] = [];
    for (let sequence = start; sequence <= end; sequence += 1) effects.push(this.#at(sequence));
    const next = Math.max(start, end + 1);
    return from < start ? { gap: { from, to: start - 1 }, effects, next } : { effects, next };
  }

  #at(sequence: number): Effect {
    const slot = sequence % this.#capacity;
    const at = slot * FIELDS;
    return {
      sequence,
      op: this.#ops[slot]!,
      kind: EFFECT_KINDS[this.#ring[at]!]!,
      dom: this.#ring[at + 1]!,
      vcpu: this.#ring[at + 2]!,
      port: this.#ring[at + 3]!,
      detail: this.#ring[at + 4]!,
    };
  }

  /** Doubles the ring, up to the limit. */
  #grow(): void {
    const capacity = Math.min(this.#capacity * 2, this.#limit);
    const ring = new Uint32Array(capacity * FIELDS);
    const ops = new Float64Array(capacity);
    for (let sequence = this.#first; sequence <= this.#last; sequence += 1) {
      const from = (sequence % this.#capacity) * FIELDS;
      ring.set(this.#ring.subarray(from, from + FIELDS), (sequence % capacity) * FIELDS);
      ops[sequence % capacity] = this.#ops[sequence % this.#capacity]!;
    }
    this.#ring = ring;
    this.#ops = ops;
    this.#capacity = capacity;
    this.#slot = (this.#last + 1) % capacity;
  }
}
