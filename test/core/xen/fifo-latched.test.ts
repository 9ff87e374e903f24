import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

const PENDING_AND_LINKED = 0xa000_0000;

/** Domain 1 has a control block in frame 0 and no array page yet; port 1 is an IPI. */
function withoutArray(): Host {
  const xen = boot();
  xen.must(1, 'init_control', { gfn: 0, vcpu: 0 });
  xen.ipi(1);
  xen.news();
  return xen;
}

const addPage = (xen: Host, gfn = 1) => xen.must(1, 'expand_array', { gfn });

describe('an event whose array page does not exist', () => {
  it('is latched: no bit is set, and nobody is told', () => {
    const xen = withoutArray();

    xen.must(1, 'send', { port: 1 });

    expect(xen.kinds()).toEqual(['latched']);
    expect(xen.machine.port(1, 1)!.fifo).toMatchObject({ latched: true, word: undefined });
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(false);
  });

  it('counts as masked, and as not pending for SCHEDOP_poll', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });

    expect(xen.machine.port(1, 1)).toMatchObject({ pending: false, masked: true });
    expect(xen.must(1, 'sched_poll', { ports: [1], nrPorts: 1 })).toEqual({ blocked: true });
  });

  it('is raised when the page comes', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });

    addPage(xen);

    expect(xen.word(1, 1)).toBe(PENDING_AND_LINKED);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(true);
  });

  it('is raised with the others of its page, in the order of ports', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });
    xen.ipi(1);
    xen.ipi(1);
    xen.must(1, 'm_setpend', { port: 4 }); // Dead under FIFO: nothing comes of it.
    for (const port of [3, 2]) xen.must(1, 'send', { port });

    addPage(xen);

    expect([1, 2, 3, 4].map((port) => xen.word(1, port))).toEqual([
      PENDING_AND_LINKED + 2,
      PENDING_AND_LINKED + 3,
      PENDING_AND_LINKED,
      0,
    ]);
  });

  it('is unmasked without effect', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });
    xen.news();

    xen.must(1, 'unmask', { port: 1 });

    expect(xen.kinds()).toEqual(['unmasked']);
  });

  it('is raised again after close and reuse: Xen never forgets it', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });
    xen.must(1, 'close', { port: 1 });
    expect(xen.ipi(1)).toBe(1);

    addPage(xen);

    expect(xen.word(1, 1)).toBe(PENDING_AND_LINKED);
  });

  it('is raised for a free port too', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });
    xen.must(1, 'close', { port: 1 });

    addPage(xen);

    expect(xen.word(1, 1)).toBe(PENDING_AND_LINKED);
    expect(xen.ipi(1)).toBe(2);
  });

  it('is raised again by the array of every later reset', () => {
    const xen = withoutArray();
    xen.must(1, 'send', { port: 1 });
    addPage(xen);

    for (const gfn of [10, 20]) {
      xen.must(1, 'reset', { dom: SELF });
      xen.must(1, 'init_control', { gfn, vcpu: 0 });
      addPage(xen, gfn + 1);

      expect(xen.word(1, 1)).toBe(PENDING_AND_LINKED);
    }
  });

  it('is lost at last where its vCPU has no control block when the page comes', () => {
    const xen = withoutArray();
    const port = xen.ipi(1, 1);
    xen.must(1, 'send', { port });
    xen.news();

    addPage(xen);

    expect(xen.kinds()).toEqual(['dropped']);
    expect(xen.word(1, port)).toBe(0);
  });
});

describe('the switch to FIFO', () => {
  it('latches events that are pending, masked ones and those of free ports too', () => {
    const xen = boot();
    for (let port = 1; port <= 3; port += 1) xen.ipi(1);
    xen.must(1, 'm_mask', { port: 2 });
    for (const port of [1, 2]) xen.must(1, 'send', { port });
    xen.must(1, 'm_setpend', { port: 9 });

    xen.fifo(1);

    expect([1, 2, 3, 9].map((port) => xen.word(1, port))).toEqual([
      PENDING_AND_LINKED + 2,
      PENDING_AND_LINKED + 9,
      0,
      PENDING_AND_LINKED,
    ]);
  });

  it('looks no further than the valid ports', () => {
    const xen = boot();
    xen.must(1, 'm_setpend', { port: 64 });

    xen.fifo(1);
    for (let port = 1; port < 70; port += 1) xen.ipi(1);

    expect(xen.word(1, 64)).toBe(0);
  });

  it('looks at the ports of a 32-bit guest in the words of its own layout', () => {
    const xen = boot({}, [{ guest: 'pv32' }]);
    for (let port = 1; port < 1000; port += 1) xen.ipi(1);
    for (const port of [31, 32, 999]) xen.must(1, 'm_setpend', { port });

    xen.fifo(1);

    expect(xen.pending(1)).toEqual([31, 32, 999]);
  });
});
