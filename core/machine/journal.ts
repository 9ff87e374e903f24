import { assert } from '../lib/assert.ts';
import { VCPUS_MAX } from '../public/limits.ts';
import type { Op, OpOf } from './op.ts';
import { OPS } from './op-table.ts';
import type { OpInfo } from './op-table.ts';

const SEGMENT_WORDS = 8192;
/** The longest list that an op carries: more ports than SCHEDOP_poll takes, so that Xen says so. */
const LIST_MAX = 4096;

/** A header packs, from the lowest bits: ptr (1), op (7), caller's vCPU (12), caller (16). */
const OP_FACTOR = 2;
const OPS_MAX = 128;
const VCPU_FACTOR = OP_FACTOR * OPS_MAX;
const CALLER_FACTOR = VCPU_FACTOR * VCPUS_MAX;

/** The ops of a machine since its last checkpoint, 8 bytes a number. */
export class Journal {
  readonly #segments: Float64Array[] = [];
  /** The last segment, and how much of it is used. */
  #segment = new Float64Array(0);
  #used = SEGMENT_WORDS;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#segments.length * SEGMENT_WORDS * 8;
  }

  /** Writes the op down. Answers the argument that no guest could express, if there is one. */
  append(op: Op, info: OpInfo): string | undefined {
    const values = op as unknown as Record<string, number>;
    const list = info.list === undefined ? NO_LIST : listOf(op, info.list);
    if (list.length > LIST_MAX || !list.every(isWord)) return info.list;
    const callerVcpu = op.callerVcpu ?? 0;
    if (!isWord(callerVcpu) || callerVcpu >= VCPUS_MAX) return 'callerVcpu';

    const segment = this.#room(info.args.length + list.length + 2);
    let at = this.#used + 1;
    for (let index = 0; index < info.args.length; index += 1) {
      // Most ops are about a port alone, and a named property is read faster than a computed one.
      const value = info.portOnly ? (op as OpOf<'send'>).port : values[info.args[index]!]!;
      const fits = value >= info.lows[index]! && value <= info.highs[index]!;
      if (!fits || !Number.isInteger(value)) return info.args[index];
      segment[at++] = value;
    }
    if (info.list !== undefined) {
      segment[at++] = list.length;
      segment.set(list, at);
      at += list.length;
    }
    const ptr = op.ptr === undefined ? 0 : 1;
    segment[this.#used] =
      op.caller * CALLER_FACTOR + callerVcpu * VCPU_FACTOR + info.code * OP_FACTOR + ptr;
    this.#used = at;
    this.#count += 1;
    return undefined;
  }

  /** The ops again, oldest first. */
  *ops(): Generator<Op, void, void> {
    let left = this.#count;
    for (const segment of this.#segments) {
      let at = 0;
      while (left > 0 && at < SEGMENT_WORDS && segment[at] !== END) {
        const record = decode(segment, at);
        yield record.op;
        at = record.next;
        left -= 1;
      }
    }
    assert(left === 0, 'the journal holds every op it counted');
  }

  /** A segment with room for `words` more. */
  #room(words: number): Float64Array {
    if (this.#used + words <= SEGMENT_WORDS) return this.#segment;
    if (this.#used < SEGMENT_WORDS) this.#segment[this.#used] = END;
    this.#segment = new Float64Array(SEGMENT_WORDS);
    this.#segments.push(this.#segment);
    this.#used = 0;
    return this.#segment;
  }
}

/** In place of a header: the rest of the segment is unused. */
const END = -1;

const NO_LIST: readonly number[] = [];

const listOf = (op: Op, name: string): readonly number[] =>
  (op as unknown as Record<string, readonly number[]>)[name]!;

const isWord = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff;

function decode(segment: Float64Array, start: number): { op: Op; next: number } {
  const header = segment[start]!;
  const info = OPS[Math.floor(header / OP_FACTOR) % OPS_MAX]!;
  const op: Record<string, unknown> = {
    op: info.name,
    caller: Math.floor(header / CALLER_FACTOR),
  };
  const callerVcpu = Math.floor(header / VCPU_FACTOR) % VCPUS_MAX;
  if (callerVcpu !== 0) op['callerVcpu'] = callerVcpu;
  if (header % 2 === 1) op['ptr'] = 'bad';
  let at = start + 1;
  for (const name of info.args) op[name] = segment[at++];
  if (info.list !== undefined) {
    const length = segment[at++]!;
    op[info.list] = Array.from(segment.subarray(at, at + length));
    at += length;
  }
  return { op: op as unknown as Op, next: at };
}
