import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import { describeErrnos } from '../../support/mistakes.ts';

/** 1 and 3 are PV guests, 2 is an HVM guest. */
const host = () => boot({}, [{}, { guest: 'hvm64' }, {}]);

describe('set_target', () => {
  describeErrnos({
    op: 'set_target',
    host,
    call: () => ({ caller: 0, args: { dom: 1, target: 2 } }),
    mistakes: [
      {
        what: 'the caller has no privilege',
        errno: 'EPERM',
        touches: ['caller'],
        call: (call) => Object.assign(call, { caller: 3 }),
      },
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      {
        what: 'there is no domain target',
        errno: 'ESRCH',
        touches: ['target'],
        call: ({ args }) => Object.assign(args, { target: 9 }),
      },
      {
        what: 'they are the same domain',
        errno: 'EINVAL',
        touches: ['dom', 'target'],
        call: ({ args }) => Object.assign(args, { target: 1 }),
      },
      {
        what: 'target is not an HVM guest',
        errno: 'EOPNOTSUPP',
        touches: ['target'],
        call: ({ args }) => Object.assign(args, { target: 3 }),
      },
      {
        what: 'dom has a target already',
        errno: 'EINVAL',
        touches: [],
        host: (xen, { args }) => args.dom === 1 && xen.must(0, 'set_target', { dom: 1, target: 2 }),
      },
    ],
  });

  it('gives privilege over the target, and over no other domain', () => {
    const xen = host();
    xen.must(0, 'set_target', { dom: 1, target: 2 });

    expect(xen.outcome(1, 'alloc_unbound', { dom: 2, remoteDom: 1 })).toBe('ok');
    expect(xen.outcome(1, 'alloc_unbound', { dom: 3, remoteDom: 1 })).toBe('EPERM');
    expect(xen.outcome(1, 'destroy_domain', { dom: 2 })).toBe('EPERM');
  });

  it('ends with the domain that had it', () => {
    const xen = host();
    xen.must(0, 'set_target', { dom: 1, target: 2 });

    xen.must(0, 'destroy_domain', { dom: 1 });
    xen.create(1);

    expect(xen.machine.domain(1)!.target).toBe(undefined);
    expect(xen.outcome(1, 'reset', { dom: SELF })).toBe('ok');
    expect(xen.outcome(1, 'status', { dom: 2, port: 1 })).toBe('EPERM');
  });
});

describe('set_target of a domain that has a target, to a PV guest', () => {
  it.each([
    ['4.17', 'EINVAL'],
    ['4.20', 'EINVAL'],
    ['4.22', 'EOPNOTSUPP'],
  ] as const)('in Xen %s answers %s', (version, errno) => {
    const xen = boot({ xen: version }, [{}, { guest: 'hvm64' }, {}]);
    xen.must(0, 'set_target', { dom: 1, target: 2 });

    expect(xen.outcome(0, 'set_target', { dom: 1, target: 3 })).toBe(errno);
  });
});
