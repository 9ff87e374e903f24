import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

function boundPirq(xen: Host): number {
  xen.must(0, 'map_pirq', { dom: 1, irq: 5, pirq: 5 });
  return xen.must(1, 'bind_pirq', { pirq: 5 }).port;
}

describe('close', () => {
  describeErrnos({
    op: 'close',
    host: () => boot(),
    call: (xen) => ({ caller: 1, args: { port: xen.channel(1, 2)[0] } }),
    mistakes: [
      BAD_POINTER,
      ...[
        { what: 'port is not valid', port: 64 },
        { what: 'port is the highest number', port: 0xffff_ffff },
        { what: 'port is free', port: 40 },
        { what: 'port is port 0', port: 0 },
      ].map(({ what, port }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['port'],
        host: (_: Host, call: { args: object }) => {
          Object.assign(call.args, { port });
        },
      })),
    ],
  });

  it('is refused with EINVAL on a port whose consumer is Xen', () => {
    const xen = boot({}, [{ guest: 'hvm64' }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });

    expect(xen.outcome(1, 'close', { port: 1 })).toBe('EINVAL');
  });

  it.each([
    { kind: 'an unbound port', status: 1, make: (xen: Host) => xen.unbound(1, 2) },
    { kind: 'an interdomain port', status: 2, make: (xen: Host) => xen.channel(1, 2)[0] },
    { kind: 'a PIRQ', status: 3, make: boundPirq },
    { kind: 'a VIRQ', status: 4, make: (xen: Host) => xen.virq(1) },
    { kind: 'an IPI', status: 5, make: (xen: Host) => xen.ipi(1) },
  ])('frees $kind and clears its pending bit', ({ make, status }) => {
    const xen = boot();
    const port = make(xen);
    xen.must(1, 'm_setpend', { port });
    xen.news();

    xen.must(1, 'close', { port });

    expect(xen.machine.port(1, port)).toMatchObject({ state: 'free', vcpu: 0, pending: false });
    expect(
      xen.machine
        .page(1, -1)!
        .subarray(0x800, 0xa00)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(xen.must(1, 'status', { dom: SELF, port }).state).toBe('closed');
    expect(xen.news()[0]).toMatchObject(
      status === 2 ? { kind: 'peer_closed', dom: 2 } : { kind: 'closed', dom: 1, detail: status },
    );
  });

  it('keeps the mask bit and the selector: the next owner finds them', () => {
    const xen = boot();
    const port = xen.ipi(1);
    xen.must(1, 'send', { port });
    xen.must(1, 'm_mask', { port });

    xen.must(1, 'close', { port });

    expect(xen.ipi(1)).toBe(port);
    expect(xen.machine.port(1, port)).toMatchObject({ masked: true, pending: false });
    expect(xen.machine.vcpu(1, 0)!.pendingSel).toBe(1n);
  });

  it('makes the far end wait for the domain that closed, with its vCPU and its bits', () => {
    const xen = boot();
    const [a, b] = xen.channel(1, 2);
    xen.must(1, 'bind_vcpu', { port: a, vcpu: 3 });
    xen.must(1, 'm_mask', { port: a });
    xen.must(2, 'send', { port: b });

    xen.must(2, 'close', { port: b });

    expect(xen.must(1, 'status', { dom: SELF, port: a })).toEqual({
      status: 1,
      state: 'unbound',
      vcpu: 3,
      remoteDom: 2,
    });
    expect(xen.machine.port(1, a)).toMatchObject({ pending: true, masked: true });
  });

  it('lets the domain that closed bind to the far end again', () => {
    const xen = boot();
    const [a, b] = xen.channel(1, 2);
    xen.must(2, 'close', { port: b });

    expect(xen.outcome(2, 'bind_interdomain', { remoteDom: 1, remotePort: a })).toBe('ok');
  });

  it('of one end of a channel within a domain makes the other wait for the domain itself', () => {
    const xen = boot();
    const remotePort = xen.unbound(1, SELF);
    const { localPort } = xen.must(1, 'bind_interdomain', { remoteDom: SELF, remotePort });

    xen.must(1, 'close', { port: remotePort });

    expect(xen.machine.port(1, localPort)).toMatchObject({ state: 'unbound', remoteDom: 1 });
  });

  it.each([
    { what: 'a per-vCPU VIRQ', virq: VIRQ.DEBUG, vcpu: 2, dom: 1 },
    { what: 'a global VIRQ', virq: VIRQ.CONSOLE, vcpu: 0, dom: 0 },
    { what: 'a per-domain VIRQ', virq: VIRQ.ARGO, vcpu: 0, dom: 1 },
  ])('of $what lets it be bound again', ({ virq, vcpu, dom }) => {
    const xen = boot();
    const port = xen.virq(dom, virq, vcpu);

    xen.must(dom, 'close', { port });

    expect(xen.outcome(dom, 'bind_virq', { virq, vcpu })).toBe('ok');
  });

  it('of a global VIRQ that was moved to another vCPU lets it be bound again', () => {
    const xen = boot();
    const port = xen.virq(0, VIRQ.CONSOLE);
    xen.must(0, 'bind_vcpu', { port, vcpu: 3 });

    xen.must(0, 'close', { port });

    expect(xen.outcome(0, 'bind_virq', { virq: VIRQ.CONSOLE, vcpu: 0 })).toBe('ok');
  });
});
