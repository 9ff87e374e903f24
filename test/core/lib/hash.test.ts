import { describe, expect, it } from 'vitest';
import { hash64 } from '../../../core/index.ts';

describe('hash64', () => {
  // Vectors of 64-bit FNV-1a as its authors publish them (draft-eastlake-fnv, appendix).
  it.each([
    ['', 'cbf29ce484222325'],
    ['a', 'af63dc4c8601ec8c'],
    ['b', 'af63df4c8601f1a5'],
    ['c', 'af63de4c8601eff2'],
    ['foo', 'dcb27518fed9d577'],
    ['foob', 'dd120e790c2512af'],
    ['fooba', 'cac165afa2fef40a'],
    ['foobar', '85944171f73967e8'],
  ])('of "%s" is %s, as FNV-1a says', (text, hash) => {
    expect(hash64(text)).toBe(hash);
  });

  it('is FNV-1a over UTF-16 units, done with big integers once more', () => {
    const text = `${JSON.stringify({ a: [1, 'é', '端口', '\u{1f5a7}'] })}${'x'.repeat(500)}`;
    let hash = 0xcbf29ce484222325n;
    for (let index = 0; index < text.length; index += 1) {
      hash = ((hash ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n) & 0xffff_ffff_ffff_ffffn;
    }

    expect(hash64(text)).toBe(hash.toString(16).padStart(16, '0'));
  });

  it('always has 16 digits', () => {
    for (let number = 0; number < 3000; number += 1) {
      expect(hash64(String(number))).toMatch(/^[0-9a-f]{16}$/);
    }
  });
});
