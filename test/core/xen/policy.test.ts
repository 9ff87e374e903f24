import { describe, expect, it } from 'vitest';
import { bindInterdomain, allocUnbound } from '../../../core/xen/bind.ts';
import { createDomain } from '../../../core/xen/domctl.ts';
import type { Domain } from '../../../core/xen/domain.ts';
import { Hypervisor } from '../../../core/xen/hypervisor.ts';
import { send } from '../../../core/xen/notify.ts';
import { DUMMY_POLICY } from '../../../core/xen/policy.ts';
import type { Policy } from '../../../core/xen/policy.ts';

/** Two domains under a policy that forbids what `policy` says. */
function hypervisor(policy: Partial<Policy>): { xen: Hypervisor; one: Domain; two: Domain } {
  const xen = new Hypervisor('4.22', { emit() {} }, { policy: { ...DUMMY_POLICY, ...policy } });
  for (const dom of [1, 2]) {
    createDomain(xen, {
      dom,
      guest: 'pv64',
      privileged: false,
      vcpus: 1,
      vcpusUp: 1,
      maxEvtchnPort: 1023,
      pages: 1,
      paused: false,
    });
  }
  return { xen, one: xen.domains.get(1)!, two: xen.domains.get(2)! };
}

describe('a policy', () => {
  it('that forbids to join two domains answers bind_interdomain with EPERM, and joins nothing', () => {
    const { xen, one, two } = hypervisor({ mayBind: () => false });
    allocUnbound(xen, two, { dom: 2, remoteDom: 1 });

    expect(bindInterdomain(xen, one, { remoteDom: 2, remotePort: 1 })).toEqual({
      ok: false,
      errno: 'EPERM',
    });
    expect(two.ports.get(1)!.binding).toEqual({ state: 'unbound', remoteDom: 1 });
    expect(one.activePorts).toBe(0);
  });

  it('that forbids to send answers EPERM, after an invalid port and before a wrong kind', () => {
    const { xen, one } = hypervisor({ maySend: () => false });
    allocUnbound(xen, one, { dom: 1, remoteDom: 2 });

    expect(send(xen, one, { port: 1 })).toMatchObject({ errno: 'EPERM' });
    expect(send(xen, one, { port: 2 })).toMatchObject({ errno: 'EPERM' });
    expect(send(xen, one, { port: 64 })).toMatchObject({ errno: 'EINVAL' });
  });

  it('that refuses the first port of a bucket leaves a bucket that works', () => {
    let allowed = true;
    const { xen, one } = hypervisor({ mayTarget: () => allowed });
    for (let port = 1; port < 64; port += 1) allocUnbound(xen, one, { dom: 1, remoteDom: 2 });
    allowed = false;
    expect(allocUnbound(xen, one, { dom: 1, remoteDom: 2 })).toMatchObject({ errno: 'EPERM' });
    expect(send(xen, one, { port: 64 })).toMatchObject({ errno: 'EINVAL' });

    allowed = true;

    expect(allocUnbound(xen, one, { dom: 1, remoteDom: 2 })).toEqual({
      ok: true,
      value: { port: 64 },
    });
  });
});
