import { describe, expect, it } from 'vitest';
import { XEN, boot } from '../../support/host.ts';

describe('advance_clock', () => {
  it('moves system time on, bit by bit, and never back', () => {
    const xen = boot();
    xen.must(XEN, 'advance_clock', { ns: 0 });
    xen.must(XEN, 'advance_clock', { ns: 7 });

    expect(xen.machine.nowNs).toBe(7);
    expect(xen.call(XEN, 'advance_clock', { ns: -1 })).toMatchObject({ refused: 'bad_argument' });
  });

  it('goes no further than numbers are exact', () => {
    const xen = boot();
    xen.must(XEN, 'advance_clock', { ns: Number.MAX_SAFE_INTEGER - 5 });

    expect(xen.call(XEN, 'advance_clock', { ns: 6 })).toMatchObject({ refused: 'bad_argument' });
    expect(xen.outcome(XEN, 'advance_clock', { ns: 5 })).toBe('ok');
    expect(xen.machine.nowNs).toBe(Number.MAX_SAFE_INTEGER);
  });
});
