import { SessionOpen } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { OpRanges } from './batch.ts';
import type { Caller } from './op-reader.ts';
import { WIRE_BYTES, WIRE_VARINT, WireReader } from './wire-reader.ts';

/** A message SessionRequest, its ops not yet read. */
export interface SessionBatch {
  readonly id: number;
  readonly open: SessionOpen | undefined;
  readonly ranges: OpRanges;
}

/** A message MulticallRequest, its ops not yet read. */
export interface Multicall extends Caller {
  readonly machine: string;
  readonly ranges: OpRanges;
}

export function readSessionBatch(bytes: Uint8Array): SessionBatch {
  const reader = new WireReader(bytes);
  const ranges: OpRanges = [];
  let id = 0;
  let open: SessionOpen | undefined;
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === field(2, WIRE_BYTES)) pushRange(reader, ranges);
    else if (tag === field(1, WIRE_VARINT)) id = reader.uint32();
    else if (tag === field(3, WIRE_BYTES)) open = SessionOpen.decode(takeBytes(reader));
    else reader.skip(tag & 7, bytes.length);
  }
  return { id, open, ranges };
}

export function readMulticall(bytes: Uint8Array): Multicall {
  const reader = new WireReader(bytes);
  const ranges: OpRanges = [];
  let machine = '';
  let caller = 0;
  let callerVcpu = 0;
  while (reader.pos < bytes.length) {
    const tag = reader.uint32();
    if (tag === field(4, WIRE_BYTES)) pushRange(reader, ranges);
    else if (tag === field(1, WIRE_BYTES)) machine = Buffer.from(takeBytes(reader)).toString();
    else if (tag === field(2, WIRE_VARINT)) caller = reader.uint32();
    else if (tag === field(3, WIRE_VARINT)) callerVcpu = reader.uint32();
    else reader.skip(tag & 7, bytes.length);
  }
  return { machine, caller, callerVcpu, ranges };
}

const field = (number: number, wireType: number): number => (number << 3) | wireType;

function pushRange(reader: WireReader, ranges: OpRanges): void {
  const end = reader.bytesEnd(reader.bytes.length);
  ranges.push(reader.pos, end);
  reader.pos = end;
}

function takeBytes(reader: WireReader): Uint8Array {
  const end = reader.bytesEnd(reader.bytes.length);
  const bytes = reader.bytes.subarray(reader.pos, end);
  reader.pos = end;
  return bytes;
}
