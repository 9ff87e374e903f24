import { describe, expect, it } from 'vitest';
import { Outbox } from '../../../core/machine/outbox.ts';
import { boot } from '../../support/host.ts';

/** An outbox with effects numbered 1 to `count`, each with its own number as port. */
function filled(limit: number, count: number, before = 0): Outbox {
  const outbox = new Outbox(limit, before);
  for (let number = before + 1; number <= before + count; number += 1) {
    outbox.op = number * 10;
    outbox.emit(0, 1, 2, number, 4);
  }
  return outbox;
}

const sequences = (outbox: Outbox, from: number, max: number) =>
  outbox.read(from, max).effects.map(({ sequence }) => sequence);

describe('the outbox', () => {
  it('gives each effect its number, its op and its words', () => {
    expect(filled(256, 1).read(1, 10)).toEqual({
      effects: [{ sequence: 1, op: 10, kind: 'pending', dom: 1, vcpu: 2, port: 1, detail: 4 }],
      next: 2,
    });
  });

  it('is empty at first, and reads on from where a reader was', () => {
    const outbox = filled(256, 0);
    expect(outbox.read(1, 10)).toEqual({ effects: [], next: 1 });

    outbox.emit(0, 0, 0, 0, 0);

    expect(outbox.read(1, 10).next).toBe(2);
    expect(outbox.read(2, 10)).toEqual({ effects: [], next: 2 });
    expect(outbox.lastSequence).toBe(1);
  });

  it('reads as many as are asked for', () => {
    const outbox = filled(256, 10);

    expect(sequences(outbox, 3, 4)).toEqual([3, 4, 5, 6]);
    expect(outbox.read(3, 4).next).toBe(7);
    expect(outbox.read(3, 0)).toEqual({ effects: [], next: 3 });
  });

  it.each([255, 256, 257, 511, 512, 513, 999, 1000])(
    'grows with its effects, and loses none up to its limit (%i of 1000)',
    (count) => {
      const outbox = filled(1000, count);

      expect(outbox.firstSequence).toBe(1);
      expect(outbox.read(1, 5000).gap).toBe(undefined);
      expect(outbox.read(1, 5000).effects.map(({ port }) => port)).toEqual(
        Array.from({ length: count }, (_, index) => index + 1),
      );
    },
  );

  it.each([
    { limit: 256, count: 257 },
    { limit: 300, count: 1000 },
    { limit: 1000, count: 12_345 },
  ])('keeps the last $limit of $count effects, and tells of the gap', ({ limit, count }) => {
    const outbox = filled(limit, count);

    const { gap, effects, next } = outbox.read(1, 5000);

    expect(gap).toEqual({ from: 1, to: count - limit });
    expect(effects.map(({ port }) => port)).toEqual(
      Array.from({ length: limit }, (_, index) => count - limit + 1 + index),
    );
    expect(next).toBe(count + 1);
    expect(outbox.firstSequence).toBe(count - limit + 1);
  });

  it('tells of no gap to a reader that has seen what was lost', () => {
    const outbox = filled(256, 300);

    expect(outbox.read(45, 1).gap).toBe(undefined);
    expect(outbox.read(44, 1).gap).toEqual({ from: 44, to: 44 });
  });

  it('goes on counting where another left off', () => {
    const outbox = filled(256, 3, 70);

    expect(sequences(outbox, 71, 10)).toEqual([71, 72, 73]);
    expect(outbox.read(1, 1)).toMatchObject({ gap: { from: 1, to: 70 } });
  });
});

describe('the effects of a machine', () => {
  it('are those of the ops in their order, without gaps in their numbers', () => {
    const xen = boot();
    const [, b] = xen.channel(1, 2);
    xen.must(2, 'send', { port: b });

    const { effects } = xen.machine.outbox.read(1, 1000);

    expect(effects.map(({ sequence }) => sequence)).toEqual(effects.map((_, index) => index + 1));
    const ops = effects.map(({ op }) => op);
    expect(ops).toEqual([...ops].sort((x, y) => x - y));
  });

  it('beyond limits.effects are a gap to a slow reader', () => {
    const xen = boot({ limits: { effects: 256 } });
    const port = xen.ipi(1);
    const last = xen.machine.outbox.lastSequence;

    for (let time = 0; time < 300; time += 1) xen.must(1, 'send', { port });

    const { gap, effects } = xen.machine.outbox.read(last + 1, 10);
    expect(gap).toEqual({ from: last + 1, to: xen.machine.outbox.lastSequence - 256 });
    expect(effects.length).toBe(10);
  });
});
