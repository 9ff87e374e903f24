import type { Op, RecordStep } from '../../core/index.ts';
import {
  AttachStep,
  AuditStep,
  JoinStep,
  ObserveStep,
  RecordOpen,
} from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { refused } from './failure.ts';
import { readOp } from './op-reader.ts';
import { WIRE_BYTES, WIRE_VARINT, WireReader } from './wire-reader.ts';

/** A message RecordRequest. Its ops are read as those of a Session are. */
export interface RecordBatch {
  readonly id: number;
  readonly open: RecordOpen | undefined;
  readonly steps: readonly RecordStep[];
}

const NO_BATCH_CALLER = { caller: 0, callerVcpu: 0 };

export function readRecordBatch(bytes: Uint8Array): RecordBatch {
  const reader = new WireReader(bytes);
  const steps: RecordStep[] = [];
  let id = 0;
  let open: RecordOpen | undefined;
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    const wireType = tag & 7;
    if (wireType === WIRE_VARINT && tag >>> 3 === 1) id = reader.uint32();
    else if (wireType === WIRE_BYTES && tag >>> 3 <= 3) {
      const end = reader.bytesEnd(bytes.length);
      if (tag >>> 3 === 3) steps.push(readStep(reader, end));
      else open = RecordOpen.decode(bytes.subarray(reader.pos, end));
      reader.pos = end;
    } else reader.skip(wireType, bytes.length);
  }
  return { id, open, steps };
}

/** Fields of RecordStep. */
const I = 1;
const REPEAT = 7;

function readStep(reader: WireReader, end: number): RecordStep {
  let i = 0;
  let repeat = 1;
  let field = 0;
  let start = 0;
  let stop = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === I << 3) i = reader.uint32();
    else if (tag === REPEAT << 3) repeat = Math.max(1, reader.uint32());
    else if ((tag & 7) === WIRE_BYTES) {
      field = tag >>> 3;
      stop = reader.bytesEnd(end);
      start = reader.pos;
      reader.pos = stop;
    } else reader.skip(tag & 7, end);
  }
  reader.pos = start;
  return stepOf(field, i, repeat, reader, stop);
}

function stepOf(
  field: number,
  i: number,
  repeat: number,
  reader: WireReader,
  end: number,
): RecordStep {
  const bytes = reader.bytes.subarray(reader.pos, end);
  switch (field) {
    case 2:
      return { kind: 'op', i, op: requireOp(reader, end), repeat };
    case 3:
      return { kind: 'arrange', op: requireOp(reader, end) };
    case 4:
      return { kind: 'observe', i, dom: ObserveStep.decode(bytes).dom };
    case 5: {
      const { dom, limit } = AuditStep.decode(bytes);
      return { kind: 'audit', i, dom, limit };
    }
    case 6: {
      const { caller, callerVcpu } = JoinStep.decode(bytes);
      return { kind: 'join', i, caller, vcpu: callerVcpu };
    }
    case 8:
      return { kind: 'attach', dom: AttachStep.decode(bytes).dom };
    default:
      throw refused('BAD_ARGUMENT', `step ${i} has no kind that this server knows: set "step"`);
  }
}

function requireOp(reader: WireReader, end: number): Op {
  const op = readOp(reader, end, NO_BATCH_CALLER);
  if (op !== undefined) return op;
  throw refused('BAD_ARGUMENT', 'a step has no op that this server knows: set one of "op"');
}
