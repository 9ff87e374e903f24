import { assert } from '../lib/assert.ts';
import { PAGE_SIZE, WORDS_PER_PAGE } from '../public/limits.ts';

/** Index of a u32 in a domain's memory. */
export type WordIndex = number;

/**
 * The memory that Xen and one guest share, in one ArrayBuffer: first shared_info, then the guest's
 * frames 0, 1, 2, … The buffer reaches as far as frames were used; beyond it all is zero. Every
 * write changes the version of its page, so that an observer finds what changed without comparing
 * what did not.
 */
export class GuestMemory {
  readonly frames: number;
  /** The buffer as words and as bytes: not to be kept, as the buffer moves when it grows. */
  words: Uint32Array;
  bytes: Uint8Array;
  /** Version of the whole memory at the last write to each page; page 0 is shared_info. */
  readonly pageVersions: Int32Array;
  /** Counts writes, modulo 2^32: compare it for equality only. */
  version = 0;

  constructor(frames: number) {
    this.frames = frames;
    this.bytes = new Uint8Array(PAGE_SIZE);
    this.words = new Uint32Array(this.bytes.buffer);
    this.pageVersions = new Int32Array(frames + 1);
  }

  /** Frames that were used so far: those from here on are all zero. */
  get usedFrames(): number {
    return this.bytes.length / PAGE_SIZE - 1;
  }

  /** Whether the guest owns frame `gfn` and may write to it. */
  isWritable(gfn: number): boolean {
    return gfn >= 0 && gfn < this.frames;
  }

  /** Makes frame `gfn` part of the buffer, which at least doubles, so that growing stays rare. */
  use(gfn: number): void {
    if (gfn < this.usedFrames) return;
    const frames = Math.min(this.frames, Math.max(gfn + 1, this.usedFrames * 2));
    const bytes = new Uint8Array((frames + 1) * PAGE_SIZE);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.words = new Uint32Array(bytes.buffer);
  }

  /** Where the `offset`-th byte of frame `gfn` lies; gfn -1 is shared_info. */
  wordAt(gfn: number, offset: number): WordIndex {
    assert(gfn >= -1 && gfn < this.frames, 'a frame belongs to the guest');
    assert(offset >= 0 && offset < PAGE_SIZE && offset % 4 === 0, 'a word lies within its frame');
    this.use(gfn);
    return (gfn + 1) * WORDS_PER_PAGE + (offset >> 2);
  }

  page(gfn: number): Uint8Array {
    const start = this.wordAt(gfn, 0) * 4;
    return this.bytes.subarray(start, start + PAGE_SIZE);
  }

  testBit(base: WordIndex, bit: number): boolean {
    return (this.words[base + (bit >>> 5)]! & (1 << (bit & 31))) !== 0;
  }

  /** Sets the bit; answers whether it was set before. */
  testAndSetBit(base: WordIndex, bit: number): boolean {
    const index = base + (bit >>> 5);
    const old = this.words[index]!;
    const mask = 1 << (bit & 31);
    if ((old & mask) !== 0) return true;
    this.words[index] = old | mask;
    this.touch(index);
    return false;
  }

  /** Clears the bit; answers whether it was set before. */
  testAndClearBit(base: WordIndex, bit: number): boolean {
    const index = base + (bit >>> 5);
    const old = this.words[index]!;
    const mask = 1 << (bit & 31);
    if ((old & mask) === 0) return false;
    this.words[index] = old & ~mask;
    this.touch(index);
    return true;
  }

  write(index: WordIndex, value: number): void {
    this.words[index] = value;
    this.touch(index);
  }

  writeByte(offset: number, value: number): void {
    this.bytes[offset] = value;
    this.touch(offset >> 2);
  }

  /** A structure that Xen shares with the guest came to lie here, or no longer does. */
  reshape(): void {
    this.version = (this.version + 1) | 0;
  }

  touch(index: WordIndex): void {
    this.version = (this.version + 1) | 0;
    this.pageVersions[index >>> 10] = this.version;
  }
}
