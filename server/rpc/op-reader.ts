import { SHARED_INFO_GFN } from '../../core/index.ts';
import type { Op } from '../../core/index.ts';
import { CreateDomainOp, SchedPollOp } from '../../proto/gen/evtchnd/v1/op.ts';
import { createDomainOp } from './domain-config.ts';
import { BAD_POINTER_FIELD, CALLER_FIELD, CALLER_VCPU_FIELD, OP_WIRES } from './op-wire.ts';
import type { OpWire } from './op-wire.ts';
import { WIRE_BYTES, WIRE_VARINT } from './wire-reader.ts';
import type { WireReader } from './wire-reader.ts';

/** For whom an op acts that does not say so itself. */
export interface Caller {
  readonly caller: number;
  readonly callerVcpu: number;
}

/** Arguments of 64 bits; all others have 32. */
const WIDE_ARGUMENTS: ReadonlySet<string> = new Set(['gfn', 'timeout', 'ns']);

/** `shared_info` of every op that has a gfn: this page instead. */
const SHARED_INFO_FIELD = 9;

/** Field 1, a number: the port of an op that has nothing else. */
const PORT_TAG = 8;

/** One message `Op`, up to `end`; undefined: it holds no op that this version knows. */
export function readOp(reader: WireReader, end: number, batch: Caller): Op | undefined {
  return readShortOp(reader.bytes, reader.pos, end, batch) ?? readAnyOp(reader, end, batch);
}

/**
 * An op in the form that most have on the wire: one field below 16, which holds one field, which
 * is a port. Undefined: it has another form. Takes a third of the time of readAnyOp.
 */
function readShortOp(bytes: Uint8Array, at: number, end: number, batch: Caller): Op | undefined {
  const length = end - at;
  const tag = bytes[at]!;
  if (length < 4 || length > 6 || tag > 0x7f || (tag & 7) !== WIRE_BYTES) return undefined;
  if (bytes[at + 1] !== length - 2 || bytes[at + 2] !== PORT_TAG) return undefined;
  const wire = OP_WIRES[tag >>> 3];
  if (wire === undefined || !wire.portOnly) return undefined;
  let port = 0;
  for (let byte = at + 3, shift = 0; byte < end; byte += 1, shift += 7) {
    if (bytes[byte]! > 0x7f !== byte < end - 1) return undefined;
    port |= (bytes[byte]! & 0x7f) << shift;
  }
  const { caller, callerVcpu } = batch;
  return { op: wire.name, caller, callerVcpu, port } as Op;
}

function readAnyOp(reader: WireReader, end: number, batch: Caller): Op | undefined {
  let { caller, callerVcpu } = batch;
  let badPointer = false;
  let saysCaller = false;
  let saysVcpu = false;
  let field = 0;
  let start = 0;
  let stop = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const number = tag >>> 3;
    if ((tag & 7) === WIRE_BYTES && OP_WIRES[number] !== undefined) {
      field = number;
      stop = reader.bytesEnd(end);
      start = reader.pos;
      reader.pos = stop;
    } else if ((tag & 7) === WIRE_VARINT && number === CALLER_FIELD) {
      caller = reader.uint32();
      saysCaller = true;
    } else if ((tag & 7) === WIRE_VARINT && number === CALLER_VCPU_FIELD) {
      callerVcpu = reader.uint32();
      saysVcpu = true;
    } else if ((tag & 7) === WIRE_VARINT && number === BAD_POINTER_FIELD) {
      badPointer = reader.uint32() !== 0;
    } else reader.skip(tag & 7, end);
  }
  reader.mustEndAt(end);
  const wire = OP_WIRES[field];
  if (wire === undefined) return undefined;
  // The batch's vCPU belongs to the batch's domain.
  if (saysCaller && !saysVcpu) callerVcpu = 0;
  reader.pos = start;
  const op = readArguments(reader, stop, wire, caller, callerVcpu);
  reader.pos = end;
  return badPointer ? { ...op, ptr: 'bad' } : op;
}

function readArguments(
  reader: WireReader,
  end: number,
  wire: OpWire,
  caller: number,
  callerVcpu: number,
): Op {
  if (wire.portOnly) {
    return { op: wire.name, caller, callerVcpu, port: readPort(reader, end) } as Op;
  }
  switch (wire.name) {
    case 'sched_poll':
      return readPoll(reader.bytes.subarray(reader.pos, end), caller, callerVcpu);
    case 'create_domain': {
      const { config } = CreateDomainOp.decode(reader.bytes.subarray(reader.pos, end));
      return createDomainOp(caller, config);
    }
    case 'mem_atomic': {
      const { action, ...numbers } = readNumbers(reader, end, wire);
      return { op: 'mem_atomic', caller, callerVcpu, ...numbers, action: action! - 1 } as Op;
    }
    default:
      return { op: wire.name, caller, callerVcpu, ...readNumbers(reader, end, wire) } as Op;
  }
}

/** The message of an op whose only field is a port. */
function readPort(reader: WireReader, end: number): number {
  let port = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === PORT_TAG) port = reader.uint32();
    else reader.skip(tag & 7, end);
  }
  reader.mustEndAt(end);
  return port;
}

/** The message of an op that has numbers only: field i + 1 is argument i; absent is 0. */
function readNumbers(reader: WireReader, end: number, wire: OpWire): Record<string, number> {
  const values: Record<string, number> = {};
  let sharedInfo = false;
  for (const name of wire.args) values[name] = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    const name = wire.args[(tag >>> 3) - 1];
    if ((tag & 7) !== WIRE_VARINT) reader.skip(tag & 7, end);
    else if (name !== undefined) {
      values[name] = WIDE_ARGUMENTS.has(name) ? reader.uint64() : reader.uint32();
    } else if (tag >>> 3 === SHARED_INFO_FIELD) sharedInfo = reader.uint32() !== 0;
    else reader.skip(WIRE_VARINT, end);
  }
  reader.mustEndAt(end);
  if (sharedInfo && 'gfn' in values) values['gfn'] = SHARED_INFO_GFN;
  return values;
}

function readPoll(bytes: Uint8Array, caller: number, callerVcpu: number): Op {
  const { ports, nrPorts, timeout } = SchedPollOp.decode(bytes);
  return {
    op: 'sched_poll',
    caller,
    callerVcpu,
    ports,
    nrPorts: nrPorts ?? ports.length,
    timeout: Number(timeout),
  };
}
