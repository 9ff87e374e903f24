import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

describe('status', () => {
  describeErrnos({
    op: 'status',
    host: () => boot(),
    call: (xen) => ({ caller: 1, args: { dom: SELF, port: xen.ipi(1) } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      {
        what: 'port is not valid',
        errno: 'EINVAL',
        touches: ['port'],
        host: (_, { args }) => Object.assign(args, { port: 64 }),
      },
      {
        what: 'dom is another domain, and the caller has no privilege over it',
        errno: 'EPERM',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 2 }),
      },
    ],
  });

  it.each<{ what: string; make: (xen: Host) => number; says: object }>([
    { what: 'port 0', make: () => 0, says: { status: 0, state: 'closed', vcpu: 0 } },
    { what: 'a free port', make: () => 9, says: { status: 0, state: 'closed', vcpu: 0 } },
    {
      what: 'an unbound port',
      make: (xen) => xen.unbound(1, 7),
      says: { status: 1, state: 'unbound', vcpu: 0, remoteDom: 7 },
    },
    {
      what: 'an interdomain port',
      make: (xen) => {
        xen.ipi(2);
        return xen.channel(1, 2)[0];
      },
      says: { status: 2, state: 'interdomain', vcpu: 0, remoteDom: 2, remotePort: 2 },
    },
    {
      what: 'a PIRQ',
      make: (xen) => {
        xen.must(0, 'map_pirq', { dom: 1, irq: 7, pirq: 31 });
        return xen.must(1, 'bind_pirq', { pirq: 31 }).port;
      },
      says: { status: 3, state: 'pirq', vcpu: 0, pirq: 31 },
    },
    {
      what: 'a VIRQ',
      make: (xen) => xen.virq(1, VIRQ.DEBUG, 2),
      says: { status: 4, state: 'virq', vcpu: 2, virq: 1 },
    },
    {
      what: 'an IPI',
      make: (xen) => xen.ipi(1, 3),
      says: { status: 5, state: 'ipi', vcpu: 3 },
    },
  ])('of $what says $says', ({ make, says }) => {
    const xen = boot();
    const port = make(xen);

    expect(xen.must(1, 'status', { dom: SELF, port })).toEqual(says);
    expect(xen.must(0, 'status', { dom: 1, port })).toEqual(says);
    expect(xen.machine.statusAs(0, 1, port)).toEqual({ ok: true, value: says });
  });

  it('is told to a device model about its target', () => {
    const xen = boot({}, [{ guest: 'hvm64' }, {}]);
    xen.must(0, 'set_target', { dom: 2, target: 1 });

    expect(xen.outcome(2, 'status', { dom: 1, port: 1 })).toBe('ok');
    expect(xen.outcome(1, 'status', { dom: 2, port: 1 })).toBe('EPERM');
  });

  it('of a dying domain says that every port is closed', () => {
    const xen = boot({}, [{ guest: 'hvm64' }, {}]);
    xen.unbound(1, 0);
    xen.leaveDying(1, 2);

    expect(xen.must(0, 'status', { dom: 1, port: 1 }).state).toBe('closed');
  });

  it('changes nothing', () => {
    const xen = boot();
    xen.must(1, 'status', { dom: SELF, port: 5 });

    expect(xen.kinds()).toEqual([]);
  });
});
