import { BATCH_OPS_MAX } from '../config.ts';
import type { HostedMachine } from '../machines.ts';
import type { Op, Refusal } from '../../core/index.ts';
import { refused } from './failure.ts';
import { readOp } from './op-reader.ts';
import type { Caller } from './op-reader.ts';
import { writeResult } from './result-writer.ts';
import { wireFailure } from './wire-failure.ts';
import { WireReader } from './wire-reader.ts';
import { WireWriter } from './wire-writer.ts';

/** Where the ops of a batch lie in its message: start and end of each, one after the other. */
export type OpRanges = number[];

const NO_OP: Refusal = {
  ok: false,
  refused: 'bad_argument',
  message: 'there is no op here that this server knows: set one field of the oneof "op"',
};

/** What follows is the batch's own tag: field 1 of MulticallResponse, 2 of SessionResponse. */
export type ResultsTag = 0x0a | 0x12;

const writer = new WireWriter();

/** Reads all ops, so that a damaged batch executes nothing, then executes them in order. */
export function executeBatch(
  hosted: HostedMachine,
  bytes: Uint8Array,
  ranges: OpRanges,
  caller: Caller,
  response: { readonly tag: ResultsTag; readonly id: number },
): Buffer {
  const count = ranges.length / 2;
  if (count > BATCH_OPS_MAX) {
    const message = `${count} ops in one batch: send at most ${BATCH_OPS_MAX}; nothing ran`;
    throw refused('BATCH_TOO_LARGE', message);
  }
  const ops = wireFailure(() => readOps(bytes, ranges, caller));
  writer.clear();
  // Field 1, id, left out when it is 0.
  if (response.id !== 0) {
    writer.uint32(0x08);
    writer.uint32(response.id);
  }
  const { tag } = response;
  hosted.executeAll(ops, NO_OP, (name, answer) => writeResult(writer, tag, name, answer));
  return writer.take();
}

function readOps(bytes: Uint8Array, ranges: OpRanges, caller: Caller): (Op | undefined)[] {
  const reader = new WireReader(bytes);
  const ops: (Op | undefined)[] = [];
  for (let at = 0; at < ranges.length; at += 2) {
    reader.pos = ranges[at]!;
    ops.push(readOp(reader, ranges[at + 1]!, caller));
  }
  return ops;
}
