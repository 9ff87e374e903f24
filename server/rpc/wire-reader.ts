/** Bytes that are no protobuf message: a client's mistake, not ours. */
class WireError extends Error {
  override readonly name = 'WireError';
}

export const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

const LOW_BITS_FACTOR = 2 ** 28;

/**
 * Reads protobuf off a buffer. Unlike a generated decoder it makes no object for a message, which
 * is what a batch of small ops costs most.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  pos = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** A message was read: its last field must have ended where it does. */
  mustEndAt(end: number): void {
    if (this.pos !== end) throw new WireError('a field is longer than its message');
  }

  /** A tag or another number that fits 32 bits; what is beyond them is dropped, as protobuf does. */
  uint32(): number {
    const { bytes } = this;
    let byte = bytes[this.pos++]!;
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      byte = bytes[this.pos++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
      if (byte === undefined) break;
    }
    throw new WireError('a number runs past the end of the message');
  }

  /** A 64-bit number, exact up to 2^53: beyond that are no frames and no times. */
  uint64(): number {
    const start = this.pos;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.bytes[this.pos++];
      if (byte === undefined) break;
      if (shift < 28) low |= (byte & 0x7f) << shift;
      else high += (byte & 0x7f) * 2 ** (shift - 28);
      if (byte < 0x80) return low + (high % 2 ** 36) * LOW_BITS_FACTOR;
    }
    throw new WireError(`the number at byte ${start} has no end`);
  }

  /** The end of a field of bytes that begins here. `end`: of the message around it. */
  bytesEnd(end: number): number {
    const length = this.uint32();
    const fieldEnd = this.pos + length;
    if (fieldEnd > end) throw new WireError('a field is longer than its message');
    return fieldEnd;
  }

  /** Passes over a field that this version does not know. */
  skip(wireType: number, end: number): void {
    switch (wireType) {
      case WIRE_VARINT:
        this.uint64();
        break;
      case WIRE_FIXED64:
        this.pos += 8;
        break;
      case WIRE_BYTES:
        this.pos = this.bytesEnd(end);
        break;
      case WIRE_FIXED32:
        this.pos += 4;
        break;
      default:
        throw new WireError(`wire type ${wireType} is none of protobuf's`);
    }
    if (this.pos > end) throw new WireError('a field is longer than its message');
  }
}
