import { describe, expect, it } from 'vitest';
import { GUEST_KINDS } from '../../../core/index.ts';
import type { OpName } from '../../../core/index.ts';
import { XEN, boot } from '../../support/host.ts';
import { describeErrnos } from '../../support/mistakes.ts';

const NO_PRIVILEGE = {
  what: 'the caller has no privilege',
  errno: 'EPERM',
  touches: ['caller'],
  call: (call: { caller: number }) => {
    call.caller = 3;
  },
} as const;

const NO_DOMAIN = {
  what: 'there is no domain dom',
  errno: 'ESRCH',
  touches: ['dom'],
  call: ({ args }: { args: object }) => {
    Object.assign(args, { dom: 9 });
  },
} as const;

const CALLER = {
  what: 'dom is the caller',
  errno: 'EINVAL',
  touches: ['dom', 'caller'],
  call: ({ args }: { args: object }) => {
    Object.assign(args, { dom: 0 });
  },
} as const;

/** 1 and 3 are PV guests, 2 is an HVM guest. */
const host = () => boot({}, [{}, { guest: 'hvm64' }, {}]);

describe('create_domain', () => {
  describeErrnos({
    op: 'create_domain',
    host,
    call: () => ({ caller: 0, args: { dom: 5, vcpus: 1, maxEvtchnPort: 1023 } }),
    mistakes: [
      NO_PRIVILEGE,
      ...[
        { what: 'dom is reserved', wrong: { dom: 0x7ff0 } },
        { what: 'the domain would have no vCPU', wrong: { vcpus: 0 } },
        { what: 'a PV guest would have more than 4096 vCPUs', wrong: { vcpus: 4097 } },
        { what: 'an HVM guest would have more than 128', wrong: { vcpus: 129, guest: 2 } },
      ].map(({ what, wrong }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: 'dom' in wrong ? ['dom'] : ['vcpus'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, wrong);
        },
      })),
      {
        what: 'there is a domain dom',
        errno: 'EEXIST',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 1 }),
      },
      {
        what: 'domain dom is dying',
        errno: 'EEXIST',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 2 }),
        host: (xen) => xen.leaveDying(2, 3),
      },
    ],
  });

  it.each(GUEST_KINDS)('makes a %s guest with no ports, 64 of them valid', (guest) => {
    const xen = boot();
    xen.create(7, { guest });

    expect(xen.machine.domain(7)).toMatchObject({ guest, abi: '2l', validPorts: 64 });
    expect(xen.machine.ports(7, 0, 10)).toEqual([]);
    expect(xen.state(7, 0)).toBe('reserved');
    expect(xen.ipi(7)).toBe(1);
  });

  it('with dom -1 takes the next domid after the last one so taken, free or not since', () => {
    const xen = boot({}, [{}, {}]);
    const next = () => xen.must(XEN, 'create_domain', { dom: -1, vcpus: 1 }).dom;

    expect([next(), next()]).toEqual([3, 4]);
    xen.must(XEN, 'destroy_domain', { dom: 3 });
    expect(next()).toBe(5);
  });

  it('gives a domid that is free again to a domain that knows nothing of the old one', () => {
    const xen = host();
    xen.channel(1, 3);
    xen.must(1, 'm_mask', { port: 1 });
    xen.must(0, 'destroy_domain', { dom: 1 });

    xen.create(1);

    expect(xen.machine.port(1, 1)).toMatchObject({ state: 'free', masked: true });
    expect(
      xen.machine
        .page(1, -1)!
        .slice(0x800)
        .every((byte) => byte === 0),
    ).toBe(true);
  });

  it('paused does not run before it is unpaused', () => {
    const xen = boot();
    xen.create(5, { paused: true });
    expect(xen.call(5, 'bind_ipi')).toMatchObject({ refused: 'cannot_run' });

    xen.must(0, 'unpause_domain', { dom: 5 });

    expect(xen.ipi(5)).toBe(1);
  });
});

describe('destroy_domain', () => {
  describeErrnos({
    op: 'destroy_domain',
    host,
    call: () => ({ caller: 0, args: { dom: 1 } }),
    mistakes: [NO_PRIVILEGE, NO_DOMAIN, CALLER],
  });

  it('closes its ports, those of Xen too, and peers fall back to unbound', () => {
    const xen = host();
    xen.must(0, 'create_ioreq_server', { dom: 2 });
    const { localPort } = xen.must(0, 'bind_interdomain', { remoteDom: 2, remotePort: 1 });
    const [, peer] = xen.channel(2, 3);

    xen.must(0, 'destroy_domain', { dom: 2 });

    expect(xen.machine.port(0, localPort)).toMatchObject({ state: 'unbound', remoteDom: 2 });
    expect(xen.machine.port(3, peer)).toMatchObject({ state: 'unbound', remoteDom: 2 });
    expect(xen.machine.domain(2)).toBe(undefined);
    expect(xen.outcome(0, 'status', { dom: 2, port: 1 })).toBe('ESRCH');
  });

  it.each([
    { first: 1, second: 3 },
    { first: 3, second: 1 },
  ])('of both ends of a channel, $first before $second, leaves nothing', ({ first, second }) => {
    const xen = host();
    xen.channel(1, 3);

    xen.must(0, 'destroy_domain', { dom: first });
    xen.must(0, 'destroy_domain', { dom: second });

    expect(xen.machine.domains().map(({ dom }) => dom)).toEqual([0, 2]);
  });

  it('says what it did, from the highest port down', () => {
    const xen = host();
    xen.ipi(1);
    xen.ipi(1);
    xen.news();

    xen.must(0, 'destroy_domain', { dom: 1 });

    expect(xen.news().map(({ kind, port }) => `${kind} ${port}`)).toEqual([
      'closed 2',
      'closed 1',
      'domain_dying 0',
      'domain_destroyed 0',
    ]);
  });

  it('lets a sleeping vCPU go with its domain', () => {
    const xen = host();
    xen.ipi(1, 1);
    xen.must(1, 'sched_poll', { ports: [1], nrPorts: 1, timeout: 10 });

    xen.must(0, 'destroy_domain', { dom: 1 });
    xen.news();
    xen.must(XEN, 'advance_clock', { ns: 20 });

    expect(xen.kinds()).toEqual(['clock']);
  });
});

describe('a dying domain', () => {
  const dying = () => {
    const xen = host();
    xen.fifo(2);
    xen.unbound(2, 0);
    xen.leaveDying(2, 3);
    xen.news();
    return xen;
  };

  it('answers to its domid with closed ports, and makes no calls', () => {
    const xen = dying();

    expect(xen.must(0, 'status', { dom: 2, port: 1 }).state).toBe('closed');
    expect(xen.machine.domain(2)).toMatchObject({ dying: true, activePorts: 0 });
    expect(xen.call(2, 'send', { port: 1 })).toMatchObject({ refused: 'cannot_run' });
  });

  it.each<{ op: OpName; args: Record<string, number>; errno: string }>([
    { op: 'alloc_unbound', args: { dom: 2, remoteDom: 0 }, errno: 'EINVAL' },
    { op: 'bind_interdomain', args: { remoteDom: 2, remotePort: 1 }, errno: 'EINVAL' },
    { op: 'create_ioreq_server', args: { dom: 2 }, errno: 'EINVAL' },
    { op: 'create_domain', args: { dom: 2, vcpus: 1 }, errno: 'EEXIST' },
    { op: 'reset', args: { dom: 2 }, errno: 'EINVAL' },
  ])('answers $op with $errno', ({ op, args, errno }) => {
    expect(dying().outcome(0, op, args as object)).toBe(errno);
  });

  it('is destroyed once: a second destroy_domain does nothing', () => {
    const xen = dying();

    expect(xen.outcome(0, 'destroy_domain', { dom: 2 })).toBe('ok');
    expect(xen.kinds()).toEqual([]);
  });

  it('goes when the domain that had it as its target goes', () => {
    const xen = dying();

    xen.must(0, 'destroy_domain', { dom: 3 });

    expect(xen.machine.domain(2)).toBe(undefined);
    expect(xen.outcome(0, 'status', { dom: 2, port: 1 })).toBe('ESRCH');
  });
});

describe('pause_domain', () => {
  describeErrnos({
    op: 'pause_domain',
    host,
    call: () => ({ caller: 0, args: { dom: 1 } }),
    mistakes: [NO_PRIVILEGE, NO_DOMAIN, CALLER],
  });

  it('answers EOVERFLOW where 255 pauses are counted', () => {
    const xen = boot();
    for (let time = 0; time < 255; time += 1) xen.must(0, 'pause_domain', { dom: 1 });

    expect(xen.outcome(0, 'pause_domain', { dom: 1 })).toBe('EOVERFLOW');
  });

  it('is counted: the domain runs again after as many unpauses', () => {
    const xen = host();
    xen.must(0, 'pause_domain', { dom: 1 });
    xen.must(0, 'pause_domain', { dom: 1 });

    xen.must(0, 'unpause_domain', { dom: 1 });
    expect(xen.call(1, 'bind_ipi')).toMatchObject({ refused: 'cannot_run' });
    xen.must(0, 'unpause_domain', { dom: 1 });

    expect(xen.outcome(1, 'bind_ipi')).toBe('ok');
  });

  it('stops calls, not events', () => {
    const xen = host();
    const [a, b] = xen.channel(1, 3);
    xen.must(0, 'pause_domain', { dom: 1 });

    xen.must(3, 'send', { port: b });

    expect(xen.pending(1)).toEqual([a]);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(true);
  });
});

describe('unpause_domain', () => {
  describeErrnos({
    op: 'unpause_domain',
    host,
    call: (xen) => {
      xen.must(0, 'pause_domain', { dom: 1 });
      return { caller: 0, args: { dom: 1 } };
    },
    mistakes: [
      NO_PRIVILEGE,
      NO_DOMAIN,
      {
        what: 'it is not paused',
        errno: 'EINVAL',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 3 }),
      },
    ],
  });
});
