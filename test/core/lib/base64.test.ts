import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../../core/lib/base64.ts';

/** FC_SEED=N tries other bytes; a failure prints its own seed and path. */
const SEED = Number(process.env['FC_SEED'] ?? 2027);

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('base64', () => {
  // RFC 4648, section 10.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
  ])('of "%s" is "%s"', (text, base64) => {
    expect(toBase64(bytesOf(text))).toBe(base64);
    expect(fromBase64(base64)).toEqual(bytesOf(text));
  });

  it('is what Node makes of any bytes, and gives them back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  it('of a whole page comes back', () => {
    const page = Uint8Array.from({ length: 4096 }, (_, index) => (index * 7) & 0xff);

    expect(fromBase64(toBase64(page))).toEqual(page);
  });

  it.each([
    'Z',
    'Zg',
    'Zg=',
    'Zm9',
    'Zm9v=',
    'Z===',
    '====',
    'Zm9!',
    'Zm 9',
    'Zm9é',
    'Zm9-',
    'Z=9v',
  ])('is not "%s"', (text) => {
    expect(fromBase64(text)).toBe(undefined);
  });
});
