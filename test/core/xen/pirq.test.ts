import { describe, expect, it } from 'vitest';
import { BIND_PIRQ_WILL_SHARE } from '../../../core/index.ts';
import { SELF, XEN, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const IRQ = 9;
const SHARE = BIND_PIRQ_WILL_SHARE;

/** IRQ 9 of the host is PIRQ 9 of domains 1 and 2. */
function host(): Host {
  const xen = boot({}, [{ maxEvtchnPort: 200 }, {}, { guest: 'hvm64' }]);
  for (const dom of [1, 2]) xen.must(0, 'map_pirq', { dom, irq: IRQ, pirq: IRQ });
  return xen;
}

describe('bind_pirq', () => {
  describeErrnos({
    op: 'bind_pirq',
    host,
    call: () => ({ caller: 1, args: { pirq: IRQ, flags: SHARE } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no PIRQ pirq',
        errno: 'EINVAL',
        touches: ['pirq'],
        call: ({ args }) => Object.assign(args, { pirq: 56 }),
      },
      {
        what: 'the toolstack has not given the domain access to it',
        errno: 'EPERM',
        touches: ['pirq'],
        call: ({ args }) => Object.assign(args, { pirq: 10 }),
      },
      {
        what: 'the PIRQ is bound already',
        errno: 'EEXIST',
        touches: ['irq'],
        host: (xen) => xen.must(1, 'bind_pirq', { pirq: IRQ, flags: SHARE }),
      },
      {
        what: 'the domain has no free port',
        errno: 'ENOSPC',
        touches: ['ports'],
        host: (xen) => xen.fill(1),
      },
      {
        what: 'another guest has the IRQ alone',
        errno: 'EBUSY',
        touches: ['irq'],
        host: (xen) => xen.must(2, 'bind_pirq', { pirq: IRQ }),
        leavesBucket: true,
      },
      {
        what: 'another guest shares the IRQ, and the caller wants it alone',
        errno: 'EBUSY',
        touches: ['irq'],
        host: (xen, { args }) => {
          xen.must(2, 'bind_pirq', { pirq: IRQ, flags: SHARE });
          Object.assign(args, { flags: 0 });
        },
        leavesBucket: true,
      },
    ],
  });

  it('says EPERM to dom0 too where no IRQ is mapped to it, before any port is allocated', () => {
    const xen = host();
    for (let port = 1; port < 64; port += 1) xen.ipi(0);

    expect(xen.outcome(0, 'bind_pirq', { pirq: 12 })).toBe('EPERM');
    expect(xen.machine.domain(0)!.validPorts).toBe(64);
  });

  it.each([
    { dom: 0, last: 24 + 256 - 1 },
    { dom: 1, last: 24 + 32 - 1 },
  ])('knows PIRQs up to $last in domain $dom', ({ dom, last }) => {
    const xen = host();

    expect(xen.outcome(dom, 'bind_pirq', { pirq: last })).toBe('EPERM');
    expect(xen.outcome(dom, 'bind_pirq', { pirq: last + 1 })).toBe('EINVAL');
  });

  it('lets guests share an IRQ if all of them say so', () => {
    const xen = host();

    const ports = [1, 2].map((dom) => xen.must(dom, 'bind_pirq', { pirq: IRQ, flags: SHARE }).port);

    expect(ports).toEqual([1, 1]);
  });

  it('gives the IRQ back when its port is closed', () => {
    const xen = host();
    const { port } = xen.must(1, 'bind_pirq', { pirq: IRQ });

    xen.must(1, 'close', { port });

    expect(xen.outcome(2, 'bind_pirq', { pirq: IRQ })).toBe('ok');
  });

  it.each([
    { what: 'a reset', end: (xen: Host) => xen.must(1, 'reset', { dom: SELF }) },
    { what: 'destruction', end: (xen: Host) => xen.must(0, 'destroy_domain', { dom: 1 }) },
  ])('gives the IRQ back by $what', ({ end }) => {
    const xen = host();
    xen.must(1, 'bind_pirq', { pirq: IRQ });

    end(xen);

    expect(xen.outcome(2, 'bind_pirq', { pirq: IRQ })).toBe('ok');
  });

  it('keeps an IRQ shared while one of two guests has it', () => {
    const xen = host();
    const { port } = xen.must(1, 'bind_pirq', { pirq: IRQ, flags: SHARE });
    xen.must(2, 'bind_pirq', { pirq: IRQ, flags: SHARE });

    xen.must(1, 'close', { port });

    expect(xen.outcome(1, 'bind_pirq', { pirq: IRQ })).toBe('EBUSY');
    expect(xen.outcome(1, 'bind_pirq', { pirq: IRQ, flags: SHARE })).toBe('ok');
  });

  it('lets 32 guests share an IRQ, and no more', () => {
    const xen = boot();
    const outcomes = Array.from({ length: 33 }, (_, index) => {
      const dom = 10 + index;
      xen.create(dom, { vcpus: 1, pages: 0 });
      xen.must(0, 'map_pirq', { dom, irq: IRQ, pirq: IRQ });
      return xen.outcome(dom, 'bind_pirq', { pirq: IRQ, flags: SHARE });
    });

    expect(outcomes.filter((outcome) => outcome === 'ok').length).toBe(32);
    expect(outcomes.at(-1)).toBe('EBUSY');
  });

  it('asks an HVM guest for no IRQ of the host: it names an emulated line', () => {
    const xen = host();

    const { port } = xen.must(3, 'bind_pirq', { pirq: 20 });

    expect(xen.outcome(3, 'bind_pirq', { pirq: 20 })).toBe('EEXIST');
    xen.must(3, 'close', { port });
    expect(xen.outcome(3, 'bind_pirq', { pirq: 20 })).toBe('ok');
  });
});

describe('raise_pirq', () => {
  it('makes the port of the PIRQ pending on the vCPU that it notifies', () => {
    const xen = host();
    const { port } = xen.must(1, 'bind_pirq', { pirq: IRQ });
    xen.must(1, 'bind_vcpu', { port, vcpu: 2 });

    xen.must(XEN, 'raise_pirq', { dom: 1, pirq: IRQ });

    expect(xen.pending(1)).toEqual([port]);
    expect(xen.machine.vcpu(1, 2)!.upcallPending).toBe(true);
  });

  it('is forgotten where the PIRQ is not bound', () => {
    const xen = host();

    expect(xen.outcome(XEN, 'raise_pirq', { dom: 1, pirq: IRQ })).toBe('ok');
    expect(xen.kinds().filter((kind) => kind === 'pending')).toEqual([]);
  });

  it('says ESRCH where there is no such domain', () => {
    expect(host().outcome(XEN, 'raise_pirq', { dom: 9, pirq: IRQ })).toBe('ESRCH');
  });
});

describe('map_pirq', () => {
  describeErrnos({
    op: 'map_pirq',
    host,
    call: () => ({ caller: 0, args: { dom: 1, irq: 10, pirq: 40 } }),
    mistakes: [
      {
        what: 'the caller has no privilege',
        errno: 'EPERM',
        touches: ['caller'],
        call: (call) => Object.assign(call, { caller: 2 }),
      },
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      ...[
        { what: 'there is no IRQ irq', wrong: { irq: 24 } },
        { what: 'the IRQ is 0', wrong: { irq: 0 } },
      ].map(({ what, wrong }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['irq'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, wrong);
        },
      })),
      {
        what: 'the IRQ is mapped to another PIRQ of the domain',
        errno: 'EEXIST',
        touches: ['irq', 'mapped'],
        call: ({ args }) => Object.assign(args, { irq: IRQ }),
      },
      ...[
        { what: 'there is no PIRQ pirq', wrong: { pirq: 56 }, touches: ['pirq'] },
        {
          what: 'the PIRQ is mapped to another IRQ',
          wrong: { pirq: IRQ },
          touches: ['pirq', 'mapped'],
        },
      ].map(({ what, wrong, touches }) => ({
        what,
        errno: 'EINVAL' as const,
        touches,
        call: ({ args }: { args: object }) => {
          Object.assign(args, wrong);
        },
      })),
    ],
  });
});
