import { describe, expect, it } from 'vitest';
import { boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

const PENDING = 0x8000_0000;
const MASKED = 0x4000_0000;
const LINKED = 0x2000_0000;
const BUSY = 0x1000_0000;

/** Domain 1 on FIFO with a block for each of 2 vCPUs, and `count` IPIs on vCPU 0: ports 1, 2, … */
function ipis(count: number): Host {
  const xen = boot();
  xen.fifo(1, { vcpus: 2 });
  for (let port = 1; port <= count; port += 1) xen.ipi(1);
  xen.news();
  return xen;
}

const send = (xen: Host, ...ports: number[]) => {
  for (const port of ports) xen.must(1, 'send', { port });
};
const word = (xen: Host, port: number) => xen.word(1, port);
const block = (xen: Host, vcpu = 0) => xen.machine.vcpu(1, vcpu)!.controlBlock!;

/** Takes an event off its queue and handles it, as a guest does. */
const pop = (xen: Host, port: number) => xen.must(1, 'fifo_pop', { port, handle: 1 });

describe('an event under the FIFO ABI', () => {
  it('sets PENDING and LINKED, heads its empty queue, sets its ready bit and the upcall', () => {
    const xen = ipis(1);

    send(xen, 1);

    expect(word(xen, 1)).toBe(PENDING + LINKED);
    expect(block(xen)).toMatchObject({ ready: 1 << 7 });
    expect(block(xen).heads[7]).toBe(1);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(true);
    expect(xen.kinds()).toEqual(['pending', 'upcall']);
  });

  it('leaves evtchn_pending and the selector of the 2-level ABI alone', () => {
    const xen = ipis(1);

    send(xen, 1);

    expect(
      xen.machine
        .page(1, -1)!
        .subarray(0x800, 0xa00)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(xen.machine.vcpu(1, 0)!.pendingSel).toBe(0n);
  });

  it('links the events that come after it, in their order, from the tail', () => {
    const xen = ipis(3);

    send(xen, 2, 3, 1);

    expect(block(xen).heads[7]).toBe(2);
    expect([2, 3, 1].map((port) => word(xen, port))).toEqual([
      PENDING + LINKED + 3,
      PENDING + LINKED + 1,
      PENDING + LINKED,
    ]);
  });

  it('asks for one upcall for a whole queue', () => {
    const xen = ipis(3);

    send(xen, 1, 2, 3);

    expect(xen.kinds()).toEqual(['pending', 'upcall', 'pending', 'pending']);
  });

  it('coalesces while it is pending', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.news();

    send(xen, 1);

    expect(xen.kinds()).toEqual(['coalesced']);
    expect(word(xen, 1)).toBe(PENDING + LINKED + 2);
  });

  it('that the guest handled but has not unlinked becomes pending, and is not linked again', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.must(1, 'w_and', { port: 1, value: 0x7fff_ffff });

    send(xen, 1);

    expect(word(xen, 1)).toBe(PENDING + LINKED + 2);
    expect(word(xen, 2)).toBe(PENDING + LINKED);
  });

  it('that the guest unlinked but has not handled is linked again by the next send', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.must(1, 'fifo_pop', { port: 1, handle: 0 });
    expect(word(xen, 1)).toBe(PENDING);

    send(xen, 1);

    expect(word(xen, 1)).toBe(PENDING + LINKED);
    expect(word(xen, 2)).toBe(PENDING + LINKED + 1);
  });

  it('starts its queue anew after the guest emptied it: the tail is stale', () => {
    const xen = ipis(2);
    send(xen, 1);
    pop(xen, 1);
    xen.must(1, 'm_ready', { vcpu: 0, value: 0 });

    send(xen, 2);

    expect(word(xen, 1)).toBe(0);
    expect(block(xen)).toMatchObject({ ready: 1 << 7 });
    expect(block(xen).heads[7]).toBe(2);
  });

  it('that is its own queue’s tail heads it again: a port never links to itself', () => {
    const xen = ipis(1);
    send(xen, 1);
    pop(xen, 1);

    send(xen, 1);

    expect(word(xen, 1)).toBe(PENDING + LINKED);
    expect(block(xen).heads[7]).toBe(1);
  });

  it('clears BUSY of the tail as it links it', () => {
    const xen = ipis(2);
    send(xen, 1);
    xen.must(1, 'w_or', { port: 1, value: BUSY });

    send(xen, 2);

    expect(word(xen, 1)).toBe(PENDING + LINKED + 2);
  });

  it('asks for no upcall where the ready bit was still set', () => {
    const xen = ipis(2);
    send(xen, 1);
    pop(xen, 1);
    xen.must(1, 'm_upcall', { vcpu: 0, value: 0 });
    xen.news();

    send(xen, 2);

    expect(xen.kinds()).toEqual(['pending']);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(false);
  });

  it.each(Array.from({ length: 16 }, (_, priority) => priority))(
    'of priority %i goes to that queue',
    (priority) => {
      const xen = ipis(2);
      for (const port of [1, 2]) xen.must(1, 'set_priority', { port, priority });

      send(xen, 2, 1);

      const { ready, heads } = block(xen);
      expect(ready).toBe(1 << priority);
      expect(heads.map((port, queue) => [queue, port]).filter(([, port]) => port !== 0)).toEqual([
        [priority, 2],
      ]);
      expect(word(xen, 2)).toBe(PENDING + LINKED + 1);
    },
  );

  it('is lost where its vCPU has no control block: PENDING is not even set', () => {
    const xen = ipis(0);
    const port = xen.ipi(1, 3);
    xen.news();

    send(xen, port);

    expect(word(xen, port)).toBe(0);
    expect(xen.news()).toMatchObject([{ kind: 'dropped', vcpu: 3, port, detail: 1 }]);
  });

  it('is put to the queue of the vCPU that it notifies', () => {
    const xen = ipis(0);
    const port = xen.ipi(1, 1);

    send(xen, port);

    expect(block(xen, 1).heads[7]).toBe(port);
    expect(block(xen, 0).ready).toBe(0);
    expect(xen.machine.vcpu(1, 1)!.upcallPending).toBe(true);
  });
});

describe('a masked event under the FIFO ABI', () => {
  it('becomes pending and is not linked', () => {
    const xen = ipis(1);
    xen.must(1, 'w_or', { port: 1, value: MASKED });

    send(xen, 1);

    expect(word(xen, 1)).toBe(PENDING + MASKED);
    expect(block(xen).ready).toBe(0);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(false);
  });

  it('is linked when EVTCHNOP_unmask finds it pending', () => {
    const xen = ipis(1);
    xen.must(1, 'w_or', { port: 1, value: MASKED });
    send(xen, 1);

    xen.must(1, 'unmask', { port: 1 });

    expect(word(xen, 1)).toBe(PENDING + LINKED);
    expect(block(xen).heads[7]).toBe(1);
  });

  it('is not linked by an unmask while it is not pending', () => {
    const xen = ipis(1);
    xen.must(1, 'w_or', { port: 1, value: MASKED });

    xen.must(1, 'unmask', { port: 1 });

    expect(word(xen, 1)).toBe(0);
  });

  it('that is still linked stays where it is when it is unmasked', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.must(1, 'w_or', { port: 1, value: MASKED });

    xen.must(1, 'unmask', { port: 1 });

    expect(word(xen, 1)).toBe(PENDING + LINKED + 2);
  });
});
