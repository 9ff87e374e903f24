import { describe, expect, it } from 'vitest';
import { boot } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

describe('unmask', () => {
  describeErrnos({
    op: 'unmask',
    host: () => boot(),
    call: (xen) => ({ caller: 1, args: { port: xen.unbound(1, 2) } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'port is not valid',
        errno: 'EINVAL',
        touches: ['port'],
        call: ({ args }) => Object.assign(args, { port: 64 }),
      },
    ],
  });

  it.each([
    { masked: true, pending: true, upcall: true, says: 'gives the upcall that it owes' },
    { masked: true, pending: false, upcall: false, says: 'owes none where nothing is pending' },
    { masked: false, pending: true, upcall: false, says: 'owes none where it was not masked' },
    { masked: false, pending: false, upcall: false, says: 'does nothing where neither is' },
  ])('of a port (masked: $masked, pending: $pending) $says', ({ masked, pending, upcall }) => {
    const xen = boot();
    const port = xen.ipi(1, 1);
    if (masked) xen.must(1, 'm_mask', { port });
    if (pending) xen.must(1, 'm_setpend', { port });

    xen.must(1, 'unmask', { port });

    expect(xen.machine.port(1, port)).toMatchObject({ masked: false, pending });
    expect(xen.machine.vcpu(1, 1)!.upcallPending).toBe(upcall);
    expect(xen.machine.vcpu(1, 1)!.pendingSel).toBe(upcall ? 1n : 0n);
  });

  it('sets the selector, and no upcall where the selector bit was set before', () => {
    const xen = boot();
    const port = xen.ipi(1);
    xen.must(1, 'm_mask', { port });
    xen.must(1, 'm_setpend', { port });
    xen.must(1, 'm_sel', { vcpu: 0, lo: 1 });
    xen.news();

    xen.must(1, 'unmask', { port });

    expect(xen.kinds()).toEqual(['unmasked']);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(false);
  });

  it.each([
    { what: 'a free port', port: 40 },
    { what: 'port 0', port: 0 },
  ])('of $what succeeds and changes nothing, not even the mask bit', ({ port }) => {
    const xen = boot();
    xen.must(1, 'm_mask', { port });
    xen.must(1, 'm_setpend', { port });
    const before = xen.machine.page(1, -1);

    xen.must(1, 'unmask', { port });

    expect(xen.machine.page(1, -1)).toEqual(before);
    expect(xen.kinds()).toEqual([]);
  });

  it('of a port whose consumer is Xen succeeds and changes nothing', () => {
    const xen = boot({}, [{ guest: 'hvm64' }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });
    xen.must(1, 'm_mask', { port: 1 });
    const before = xen.machine.page(1, -1);

    xen.must(1, 'unmask', { port: 1 });

    expect(xen.machine.page(1, -1)).toEqual(before);
  });
});
