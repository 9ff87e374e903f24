import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

const PENDING = 0x8000_0000;
const LINKED = 0x2000_0000;

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

describe('a linked event', () => {
  it.each([
    {
      change: 'set_priority',
      make: (xen: Host) => xen.must(1, 'set_priority', { port: 1, priority: 0 }),
      queue: { vcpu: 0, priority: 0 },
    },
    {
      change: 'bind_vcpu',
      make: (xen: Host) => xen.must(1, 'bind_vcpu', { port: 1, vcpu: 1 }),
      queue: { vcpu: 1, priority: 7 },
    },
  ])('stays in its queue through $change; only the next event moves', ({ make, queue }) => {
    const xen = boot();
    xen.fifo(1, { vcpus: 2 });
    const [a, b] = xen.channel(1, 2);
    const ipi = xen.ipi(1);
    xen.must(2, 'send', { port: b });
    send(xen, ipi);

    make(xen);
    xen.must(2, 'send', { port: b });
    expect(word(xen, a)).toBe(PENDING + LINKED + ipi);
    pop(xen, a);
    xen.must(2, 'send', { port: b });

    expect(word(xen, a)).toBe(PENDING + LINKED);
    expect(block(xen, queue.vcpu).heads[queue.priority]).toBe(a);
    expect(word(xen, ipi)).toBe(PENDING + LINKED);
  });

  it('that was its old queue’s tail no longer is: the old queue starts anew', () => {
    const xen = ipis(2);
    send(xen, 1);
    pop(xen, 1);
    xen.must(1, 'm_ready', { vcpu: 0, value: 0 });
    xen.must(1, 'set_priority', { port: 1, priority: 0 });
    send(xen, 1);

    send(xen, 2);

    expect(word(xen, 1)).toBe(PENDING + LINKED);
    expect(block(xen).heads[7]).toBe(2);
    expect(block(xen).ready).toBe(0b1000_0001);
  });

  it('stays LINKED when its port is closed, without PENDING', () => {
    const xen = ipis(2);
    send(xen, 1, 2);

    xen.must(1, 'close', { port: 1 });

    expect(word(xen, 1)).toBe(LINKED + 2);
  });

  it('keeps its closed port from being allocated until the guest unlinks it', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.must(1, 'close', { port: 1 });
    expect(xen.ipi(1)).toBe(3);

    pop(xen, 1);

    expect(xen.ipi(1)).toBe(1);
  });

  it('makes allocation fail with ENOSPC where every free port is one', () => {
    const xen = boot({}, [{ maxEvtchnPort: 8 }]);
    xen.fifo(1);
    xen.fill(1);
    send(xen, 1, 2, 3, 4, 5, 6, 7, 8);
    for (const port of [3, 5, 6]) xen.must(1, 'close', { port });

    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');
    pop(xen, 5);
    expect(xen.ipi(1)).toBe(5);
  });
});

describe('a reset of a domain on FIFO', () => {
  it('clears PENDING of closed ports and leaves LINKED in the pages, which are the guest’s', () => {
    const xen = ipis(2);
    send(xen, 1, 2);

    xen.must(1, 'reset', { dom: SELF });

    const words = new Uint32Array(xen.machine.page(1, 1)!.buffer);
    expect([words[1], words[2]]).toEqual([LINKED + 2, LINKED]);
    expect(xen.machine.vcpu(1, 0)!.controlBlock).toBe(undefined);
  });

  it('lets stale LINKED bits of an old page keep events from being queued', () => {
    const xen = ipis(2);
    send(xen, 1, 2);
    xen.must(1, 'reset', { dom: SELF });
    xen.fifo(1);

    expect(xen.ipi(1)).toBe(3); // Ports 1 and 2 look linked: busy.
    xen.must(1, 'w_or', { port: 3, value: LINKED });
    send(xen, 3);

    expect(word(xen, 3)).toBe(PENDING + LINKED);
    expect(xen.pending(1)).toEqual([3]);
    expect(xen.kinds().at(-1)).toBe('pending');
  });

  it('restores the limit of 4096 ports; those beyond stay valid and free', () => {
    const xen = boot({}, [{ maxEvtchnPort: 0xffff_ffff }]);
    xen.fifo(1, { pages: 5 });
    for (let port = 1; port <= 4100; port += 1) xen.ipi(1);

    xen.must(1, 'reset', { dom: SELF });

    expect(xen.machine.domain(1)).toMatchObject({ validPorts: 4160, portsMax: 4096 });
    expect(xen.must(1, 'status', { dom: SELF, port: 4100 }).state).toBe('closed');
    for (let port = 1; port < 4096; port += 1) expect(xen.ipi(1)).toBe(port);
    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');
  });
});
