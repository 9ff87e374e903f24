/** A run of consecutive numbers: its first and its last. */
export type Run = [first: number, last: number];

/** The set bits of `bytes` (little endian, as every guest of ours sees them), as ascending runs. */
export function bitRuns(bytes: Uint8Array): Run[] {
  const runs: Run[] = [];
  for (let bit = nextBit(bytes, 0, true); bit >= 0; ) {
    const end = nextBit(bytes, bit, false);
    runs.push([bit, (end < 0 ? bytes.length * 8 : end) - 1]);
    if (end < 0) break;
    bit = nextBit(bytes, end, true);
  }
  return runs;
}

/** The first bit from `from` on that is `set`, or not; -1 if there is none. */
function nextBit(bytes: Uint8Array, from: number, set: boolean): number {
  const flip = set ? 0 : 0xff;
  for (let index = from >> 3; index < bytes.length; index += 1) {
    const skipped = index === from >> 3 ? 0xff << (from & 7) : 0xff;
    const candidates = (bytes[index]! ^ flip) & skipped;
    if (candidates !== 0) return index * 8 + (31 - Math.clz32(candidates & -candidates));
  }
  return -1;
}
