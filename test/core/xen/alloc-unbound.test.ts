import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

/** Domain 1 has few ports, 3 is privileged over 2 as its device model, 2 is an HVM guest. */
const host = () => boot({}, [{ maxEvtchnPort: 200 }, { guest: 'hvm64', maxEvtchnPort: 200 }, {}]);

describe('alloc_unbound', () => {
  describeErrnos({
    op: 'alloc_unbound',
    host,
    call: () => ({ caller: 1, args: { dom: SELF, remoteDom: 2 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom', 'target'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      {
        what: 'dom is dying',
        errno: 'EINVAL',
        touches: ['dom', 'target', 'ports'],
        call: ({ args }) => Object.assign(args, { dom: 2 }),
        host: (xen) => xen.leaveDying(2, 3),
      },
      {
        what: 'dom has no free port',
        errno: 'ENOSPC',
        touches: ['ports'],
        host: (xen, { args }) => xen.fill(args.dom === 2 ? 2 : 1),
      },
      {
        what: 'dom is another domain, and the caller has no privilege over it',
        errno: 'EPERM',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 2 }),
        leavesBucket: true,
      },
    ],
  });

  it('gives the lowest free port, which waits for remote_dom on vCPU 0', () => {
    const xen = host();

    const { port } = xen.must(1, 'alloc_unbound', { dom: SELF, remoteDom: 2 });

    expect(port).toBe(1);
    expect(xen.must(1, 'status', { dom: SELF, port })).toEqual({
      status: 1,
      state: 'unbound',
      vcpu: 0,
      remoteDom: 2,
    });
    expect(xen.kinds()).toEqual(['bound']);
  });

  it.each([
    { who: 'itself by DOMID_SELF', caller: 1, dom: SELF, owner: 1 },
    { who: 'itself by its number', caller: 1, dom: 1, owner: 1 },
    { who: 'any domain, as dom0', caller: 0, dom: 1, owner: 1 },
  ])('allocates for $who', ({ caller, dom, owner }) => {
    const xen = host();

    const { port } = xen.must(caller, 'alloc_unbound', { dom, remoteDom: 2 });

    expect(xen.state(owner, port)).toBe('unbound');
  });

  it('lets a device model allocate for its target', () => {
    const xen = host();
    xen.must(0, 'set_target', { dom: 3, target: 2 });

    expect(xen.outcome(3, 'alloc_unbound', { dom: 2, remoteDom: 3 })).toBe('ok');
  });

  it.each([
    { remoteDom: SELF, caller: 0, stands: 0, says: 'DOMID_SELF means the caller, not dom' },
    { remoteDom: 77, caller: 0, stands: 77, says: 'the remote domain need not exist' },
    { remoteDom: 32_754, caller: 1, stands: 32_754, says: 'nor be one that could exist' },
    { remoteDom: 1, caller: 1, stands: 1, says: 'a domain may wait for itself' },
  ])('remote_dom $remoteDom: $says', ({ remoteDom, caller, stands }) => {
    const xen = host();

    const { port } = xen.must(caller, 'alloc_unbound', { dom: 1, remoteDom });

    expect(xen.must(1, 'status', { dom: SELF, port }).remoteDom).toBe(stands);
  });
});
