import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

describe('bind_vcpu', () => {
  describeErrnos({
    op: 'bind_vcpu',
    host: () => boot(),
    call: (xen) => ({ caller: 1, args: { port: xen.unbound(1, 2), vcpu: 3 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'the domain has no vCPU vcpu',
        errno: 'ENOENT',
        touches: ['vcpu'],
        call: ({ args }) => Object.assign(args, { vcpu: 4 }),
      },
      ...[
        { what: 'port is not valid', make: () => 64 },
        { what: 'port is free', make: () => 40 },
        { what: 'port is port 0', make: () => 0 },
        { what: 'port is an IPI', make: (xen: Host) => xen.ipi(1) },
        { what: 'port is a per-vCPU VIRQ', make: (xen: Host) => xen.virq(1, VIRQ.DEBUG) },
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

  it('refuses a port whose consumer is Xen with EINVAL', () => {
    const xen = boot({}, [{ guest: 'hvm64' }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });

    expect(xen.outcome(1, 'bind_vcpu', { port: 1, vcpu: 1 })).toBe('EINVAL');
  });

  it.each([
    { kind: 'an unbound port', make: (xen: Host) => xen.unbound(0, 1) },
    { kind: 'an interdomain port', make: (xen: Host) => xen.channel(0, 1)[0] },
    { kind: 'a global VIRQ', make: (xen: Host) => xen.virq(0, VIRQ.CONSOLE) },
    { kind: 'a per-domain VIRQ', make: (xen: Host) => xen.virq(0, VIRQ.ARGO) },
    {
      kind: 'a PIRQ',
      make: (xen: Host) => {
        xen.must(0, 'map_pirq', { dom: 0, irq: 5, pirq: 5 });
        return xen.must(0, 'bind_pirq', { pirq: 5 }).port;
      },
    },
  ])('moves $kind', ({ make }) => {
    const xen = boot();
    const port = make(xen);

    xen.must(0, 'bind_vcpu', { port, vcpu: 2 });

    expect(xen.machine.port(0, port)!.vcpu).toBe(2);
  });

  it('counts from the next event on: one that is pending stays with the vCPU that was told', () => {
    const xen = boot();
    const [a, b] = xen.channel(1, 2);
    xen.must(2, 'send', { port: b });
    xen.must(1, 'bind_vcpu', { port: a, vcpu: 1 });

    xen.must(2, 'send', { port: b });

    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(true);
    expect(xen.machine.vcpu(1, 1)!.upcallPending).toBe(false);
    xen.must(1, 'm_clrpend', { port: a });
    xen.must(2, 'send', { port: b });
    expect(xen.machine.vcpu(1, 1)).toMatchObject({ upcallPending: true, pendingSel: 1n });
  });

  it('is forgotten when the port is closed: its next owner starts on vCPU 0', () => {
    const xen = boot();
    const port = xen.unbound(1, 2);
    xen.must(1, 'bind_vcpu', { port, vcpu: 3 });

    xen.must(1, 'close', { port });

    expect(xen.machine.port(1, xen.unbound(1, 2))).toMatchObject({ port, vcpu: 0 });
  });
});
