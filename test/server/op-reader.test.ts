import { describe, expect, it } from 'vitest';
import { readOp } from '../../server/rpc/op-reader.ts';
import { WireReader } from '../../server/rpc/wire-reader.ts';

const CALLER = { caller: 1, callerVcpu: 0 };

/** The op in the first `end` bytes; what follows belongs to the next one. */
const read = (bytes: readonly number[], end: number) =>
  readOp(new WireReader(Uint8Array.from(bytes)), end, CALLER);

describe('an op read off the wire', () => {
  it('is a send where its bytes say so', () => {
    expect(read([0x22, 2, 8, 5], 4)).toMatchObject({ op: 'send', port: 5 });
  });

  it.each([
    { what: 'a port that goes on in the next op', bytes: [0x22, 2, 8, 0x80, 1], end: 4 },
    { what: 'an argument that does', bytes: [0x3a, 3, 0x10, 1, 0x88, 1], end: 4 },
    { what: 'a caller that does', bytes: [0x10, 0x81, 1], end: 2 },
  ])('is refused where it holds $what', ({ bytes, end }) => {
    expect(() => read(bytes, end)).toThrow('longer than its message');
  });
});
