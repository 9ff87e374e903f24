const INITIAL_BYTES = 16 * 1024;
/** Room for a tag, a length and a number, or for three small numbers. */
const SLACK_BYTES = 32;

/** Writes protobuf into a buffer that is used again and again; `take` copies it out. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #length = 0;

  /** Forgets what a message that could not be finished left behind. */
  clear(): void {
    this.#length = 0;
  }

  /** Two bytes: what an op that succeeds without outputs takes. */
  pair(first: number, second: number): void {
    this.#reserve(SLACK_BYTES);
    this.#bytes[this.#length] = first;
    this.#bytes[this.#length + 1] = second;
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#reserve(SLACK_BYTES);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length + SLACK_BYTES);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** What was written, as a buffer of its own; the writer is empty again. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(2 * (this.#length + more));
    this.#bytes.copy(bytes, 0, 0, this.#length);
    this.#bytes = bytes;
  }
}
