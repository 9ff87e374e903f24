import { assert } from '../lib/assert.ts';
import type { Op } from './op.ts';
import { VCPUS_MAX } from '../public/limits.ts';
import { OPS } from './op-table.ts';
import type { OpInfo } from './op-table.ts';

const SEGMENT_WORDS = 8192;
/** More words than one op ever takes: its header, its arguments, the ports of a poll. */
const RECORD_WORDS_MAX = 256;

/** A header packs, from the lowest bits: ptr (1), op (7), caller's vCPU (12), caller (16). */
const OP_FACTOR = 2;
const OPS_MAX = 128;
const VCPU_FACTOR = OP_FACTOR * OPS_MAX;
const CALLER_FACTOR = VCPU_FACTOR * VCPUS_MAX;

/** Argument values are integers, and frame numbers may be any u64. */
const VALUE_MIN = -1;
const VALUE_MAX = 2 ** 64;
/** Where -1 may stand: for shared_info, for any, for none, and as the int that a cmd is in C. */
const SIGNED: ReadonlySet<string> = new Set(['gfn', 'dom', 'newDom', 'precreate', 'cmd']);

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
    if (this.#used + RECORD_WORDS_MAX > SEGMENT_WORDS) this.#addSegment();
    const segment = this.#segment;
    const start = this.#used;
    let at = start + 1;
    const values = op as unknown as Record<string, number>;
    for (const name of info.args) {
      const value = values[name]!;
      if (!isExpressible(value) || (value < 0 && !SIGNED.has(name))) return name;
      segment[at++] = value;
    }
    if (info.list !== undefined) {
      const list = (op as unknown as Record<string, readonly number[]>)[info.list]!;
      if (list.length > RECORD_WORDS_MAX - 8 || !list.every(isExpressible)) return info.list;
      segment[at++] = list.length;
      segment.set(list, at);
      at += list.length;
    }
    const ptr = op.ptr === undefined ? 0 : 1;
    const callerVcpu = op.callerVcpu ?? 0;
    if (!isExpressible(callerVcpu) || callerVcpu < 0 || callerVcpu >= VCPUS_MAX) {
      return 'callerVcpu';
    }
    segment[start] =
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

  #addSegment(): void {
    if (this.#used < SEGMENT_WORDS) this.#segment[this.#used] = END;
    this.#segment = new Float64Array(SEGMENT_WORDS);
    this.#segments.push(this.#segment);
    this.#used = 0;
  }
}

/** In place of a header: the rest of the segment is unused. */
const END = -1;

const isExpressible = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= VALUE_MIN && (value as number) <= VALUE_MAX;

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
