import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { preferred } from '../../server/http/accept.ts';
import { hexdump } from '../../server/http/hexdump.ts';
import { bitRuns } from '../../server/http/runs.ts';

describe('bitRuns', () => {
  it.each([
    ['nothing', [], []],
    ['no bit', [0, 0], []],
    ['one bit', [0, 0b100], [[10, 10]]],
    ['all bits', [0xff, 0xff], [[0, 15]]],
    [
      'runs over byte borders',
      [0b1100_0001, 0b0000_0011, 0b1000_0000],
      [
        [0, 0],
        [6, 9],
        [23, 23],
      ],
    ],
  ])('finds %s', (_name, bytes, runs) => {
    expect(bitRuns(Uint8Array.from(bytes))).toEqual(runs);
  });

  it('agrees with looking at each bit', () => {
    const bytes = Uint8Array.from({ length: 512 }, (_, index) => (index * 2654435761) >>> 24);
    const isSet = (bit: number) => (bytes[bit >> 3]! & (1 << (bit & 7))) !== 0;

    const expanded = bitRuns(bytes).flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, index) => first + index),
    );

    expect(expanded).toEqual(Array.from({ length: 4096 }, (_, bit) => bit).filter(isSet));
  });
});

describe('hexdump', () => {
  it('folds rows that repeat, and ends with the size', () => {
    const bytes = new Uint8Array(64);
    bytes.set([0x78, 0x65, 0x6e, 0xff], 48);

    expect(hexdump(bytes)).toBe(
      [
        '00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|',
        '*',
        '00000030  78 65 6e ff 00 00 00 00  00 00 00 00 00 00 00 00  |xen.............|',
        '00000040',
        '',
      ].join('\n'),
    );
  });
});

describe('preferred', () => {
  it.each([
    [undefined, 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['application/json', 'application/json'],
    ['application/*', 'application/json'],
    ['text/event-stream;q=0.1, application/json;q=0.2', 'application/json'],
    ['text/event-stream;q=0, */*', 'application/json'],
    ['APPLICATION/JSON', 'application/json'],
  ])('answers Accept: %s with %s', (accept, type) => {
    expect(choose(accept)).toBe(type);
  });

  it('refuses what is not offered', () => {
    expect(() => choose('image/png')).toThrow('text/event-stream, application/json');
  });
});

function choose(accept?: string): string {
  const request = { headers: { accept } } as FastifyRequest;
  return preferred(request, ['text/event-stream', 'application/json']);
}
