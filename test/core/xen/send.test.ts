import { describe, expect, it } from 'vitest';
import { boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

describe('send', () => {
  describeErrnos({
    op: 'send',
    host: () => boot(),
    call: (xen) => ({ caller: 1, args: { port: xen.channel(1, 2)[0] } }),
    mistakes: [
      BAD_POINTER,
      ...[
        { what: 'port is not valid', make: () => 64 },
        { what: 'port is free', make: () => 40 },
        { what: 'port is port 0', make: () => 0 },
        { what: 'port is a VIRQ', make: (xen: Host) => xen.virq(1) },
        {
          what: 'port is a PIRQ',
          make: (xen: Host) => {
            xen.must(0, 'map_pirq', { dom: 1, irq: 5, pirq: 5 });
            return xen.must(1, 'bind_pirq', { pirq: 5 }).port;
          },
        },
      ].map(({ what, make }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['port'],
        host: (xen: Host, call: { args: object }) => {
          Object.assign(call.args, { port: make(xen) });
        },
      })),
    ],
  });

  it('makes the far end pending, and nothing of the caller', () => {
    const xen = boot();
    const [a, b] = xen.channel(2, 1);
    xen.must(1, 'm_clrpend', { port: b });

    xen.must(1, 'send', { port: b });

    expect(xen.pending(2)).toEqual([a]);
    expect(xen.pending(1)).toEqual([]);
  });

  it('makes an IPI pending on its vCPU', () => {
    const xen = boot();
    const port = xen.ipi(1, 2);

    xen.must(1, 'send', { port });

    expect(xen.pending(1)).toEqual([port]);
    expect(xen.machine.vcpu(1, 2)).toMatchObject({ upcallPending: true, pendingSel: 1n });
  });

  it('succeeds on an unbound port, and is dropped', () => {
    const xen = boot();
    const port = xen.unbound(1, 2);
    xen.news();

    xen.must(1, 'send', { port });

    expect(xen.news()).toMatchObject([{ kind: 'dropped', dom: 1, port, detail: 0 }]);
    expect(xen.pending(1)).toEqual([]);
  });

  it('coalesces: an event that comes while the port is pending is one with it', () => {
    const xen = boot();
    const [a, b] = xen.channel(2, 1);
    xen.news();

    xen.must(1, 'send', { port: b });
    xen.must(1, 'send', { port: b });

    expect(xen.kinds()).toEqual(['pending', 'upcall', 'coalesced']);
    expect(xen.pending(2)).toEqual([a]);
  });

  it('tells Xen where Xen consumes the far end, and sets no bit', () => {
    const xen = boot({}, [{ guest: 'hvm64', vcpus: 2 }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });
    const { localPort } = xen.must(0, 'bind_interdomain', { remoteDom: 1, remotePort: 2 });
    xen.news();

    xen.must(0, 'send', { port: localPort });

    expect(xen.news()).toMatchObject([{ kind: 'xen_notified', dom: 1, vcpu: 1, port: 2 }]);
    expect(xen.pending(1)).toEqual([]);
  });

  it('is refused with EINVAL on a port whose consumer is Xen', () => {
    const xen = boot({}, [{ guest: 'hvm64' }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });

    expect(xen.outcome(1, 'send', { port: 1 })).toBe('EINVAL');
  });
});
