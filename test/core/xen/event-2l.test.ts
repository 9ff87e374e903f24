import { describe, expect, it } from 'vitest';
import type { GuestKind } from '../../../core/index.ts';
import { boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

/*
 * struct shared_info, byte by byte, as each kind of guest sees it: written down here from
 * public/xen.h and arch-*.h once more, and not taken from core/public.
 */
interface Layout {
  readonly guest: GuestKind;
  readonly ports: number;
  readonly portsPerSelectorBit: number;
  readonly pendingAt: number;
  readonly maskAt: number;
  readonly vcpuInfoSize: number;
  readonly selectorAt: number;
  readonly legacyVcpus: number;
}

const X86_64 = {
  ports: 4096,
  portsPerSelectorBit: 64,
  pendingAt: 0x800,
  maskAt: 0xa00,
  vcpuInfoSize: 64,
  selectorAt: 8,
  legacyVcpus: 32,
};
const X86_32 = {
  ports: 1024,
  portsPerSelectorBit: 32,
  pendingAt: 0x800,
  maskAt: 0x880,
  vcpuInfoSize: 64,
  selectorAt: 4,
  legacyVcpus: 32,
};

const LAYOUTS: readonly Layout[] = [
  { guest: 'pv64', ...X86_64 },
  { guest: 'hvm64', ...X86_64 },
  { guest: 'pv32', ...X86_32 },
  { guest: 'hvm32', ...X86_32 },
  {
    guest: 'arm64',
    ports: 4096,
    portsPerSelectorBit: 64,
    pendingAt: 48,
    maskAt: 48 + 512,
    vcpuInfoSize: 48,
    selectorAt: 8,
    legacyVcpus: 1,
  },
];

const isPv = ({ guest }: Layout) => guest.startsWith('pv');

/** Domain 1 with IPIs on every port that it can have. */
function host(layout: Layout, ports = layout.ports - 1): Host {
  const xen = boot({ checkInvariants: false }, [
    { guest: layout.guest, maxEvtchnPort: 0xffff_ffff, vcpus: 2 },
  ]);
  for (let port = 1; port <= ports; port += 1) xen.ipi(1);
  return xen;
}

/** Where the bytes of shared_info differ from those of a new domain: offset → value. */
function bytes(xen: Host, layout: Layout): Record<number, number> {
  const found: Record<number, number> = {};
  for (const [at, byte] of xen.machine.page(1, -1)!.entries()) {
    const isMask = isPv(layout) && at < 32 * 64 && at % 64 === 1;
    if (byte !== (isMask ? 1 : 0)) found[at] = byte;
  }
  return found;
}

describe.each(LAYOUTS)('shared_info of a new $guest guest', (layout) => {
  it('is zero, but for the upcall masks that a PV guest’s builder sets', () => {
    const xen = host(layout, 0);

    expect(bytes(xen, layout)).toEqual({});
  });
});

describe.each(LAYOUTS)('the 2-level ABI of a $guest guest', (layout) => {
  const { ports, portsPerSelectorBit, pendingAt, maskAt, selectorAt, vcpuInfoSize } = layout;

  it(`has ${ports} ports`, () => {
    const xen = host(layout);

    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');
    expect(xen.machine.domain(1)!.portsMax).toBe(ports);
  });

  it('sets the pending bit, the selector bit and the upcall of an event, and nothing else', () => {
    const xen = host(layout);

    for (const port of [1, 8, 31, 32, 63, 64, ports / 2 + 5, ports - 1]) {
      const fresh = xen.machine.fork();
      fresh.execute({ op: 'send', caller: 1, port });

      const selector = Math.floor(port / portsPerSelectorBit);
      const expected = new Uint8Array(4096);
      expected.set(xen.machine.page(1, -1)!);
      expected[0] = 1;
      expected[selectorAt + (selector >> 3)]! |= 1 << (selector & 7);
      expected[pendingAt + (port >> 3)]! |= 1 << (port & 7);
      expect(fresh.page(1, -1)).toEqual(expected);
    }
  });

  it('finds the mask bit where the guest has it', () => {
    const xen = host(layout);

    for (const port of [1, 33, ports - 1]) {
      xen.must(1, 'm_mask', { port });
      xen.must(1, 'send', { port });

      const page = xen.machine.page(1, -1)!;
      expect(page[maskAt + (port >> 3)]! & (1 << (port & 7))).not.toBe(0);
      expect(page[0]).toBe(0);
      expect(xen.machine.port(1, port)).toMatchObject({ masked: true, pending: true });
    }
  });

  it('takes port numbers modulo its ports when the guest writes bits', () => {
    const xen = host(layout, 5);

    xen.must(1, 'm_setpend', { port: ports + 3 });

    expect(bytes(xen, layout)).toEqual({ [pendingAt]: 1 << 3 });
  });

  it('has the vcpu_info of vCPU 1 in shared_info only where the layout has room for it', () => {
    const xen = host(layout, 0);
    const port = xen.ipi(1, 1);

    xen.must(1, 'send', { port });

    const inPage = { [vcpuInfoSize]: 1, [vcpuInfoSize + selectorAt]: 1, [pendingAt]: 2 };
    expect(bytes(xen, layout)).toEqual(layout.legacyVcpus > 1 ? inPage : { [pendingAt]: 2 });
    expect(xen.machine.vcpu(1, 1)!.info).toEqual(
      layout.legacyVcpus > 1 ? { gfn: -1, offset: vcpuInfoSize } : undefined,
    );
  });
});

describe('an event under the 2-level ABI', () => {
  const small = () => boot({}, [{ vcpus: 2 }, {}]);

  it('that is masked sets its pending bit only', () => {
    const xen = small();
    const port = xen.ipi(1);
    xen.must(1, 'm_mask', { port });
    xen.news();

    xen.must(1, 'send', { port });

    expect(xen.kinds()).toEqual(['pending']);
    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: false, pendingSel: 0n });
  });

  it('does nothing while the port is pending, even if the selector was cleared', () => {
    const xen = small();
    const port = xen.ipi(1);
    xen.must(1, 'send', { port });
    xen.must(1, 'm_sel', { vcpu: 0 });
    xen.must(1, 'm_upcall', { vcpu: 0, value: 0 });

    xen.must(1, 'send', { port });

    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: false, pendingSel: 0n });
  });

  it('asks for an upcall only when its selector bit goes from 0 to 1', () => {
    const xen = small();
    const [a, b] = [xen.ipi(1), xen.ipi(1)];
    xen.must(1, 'send', { port: a });
    xen.must(1, 'm_upcall', { vcpu: 0, value: 0 });

    xen.must(1, 'send', { port: b });

    expect(xen.pending(1)).toEqual([a, b]);
    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: false, pendingSel: 1n });
  });

  it('sets the selector of the vCPU that the port notifies', () => {
    const xen = boot({}, [{ vcpus: 2, maxEvtchnPort: 4095 }]);
    for (let port = 1; port < 64; port += 1) xen.ipi(1);
    const port = xen.ipi(1, 1);

    xen.must(1, 'send', { port });

    expect(xen.machine.vcpu(1, 0)!.pendingSel).toBe(0n);
    expect(xen.machine.vcpu(1, 1)!.pendingSel).toBe(2n);
  });

  it.each([
    { old: 0, becomes: 1, upcall: true },
    { old: 1, becomes: 1, upcall: false },
    { old: 2, becomes: 3, upcall: true },
    { old: 255, becomes: 255, upcall: false },
  ])('sets bit 0 of evtchn_upcall_pending: $old becomes $becomes', ({ old, becomes, upcall }) => {
    const xen = small();
    const port = xen.ipi(1);
    xen.must(1, 'm_upcall', { vcpu: 0, value: old });
    xen.news();

    xen.must(1, 'send', { port });

    expect(xen.machine.page(1, -1)![0]).toBe(becomes);
    expect(xen.kinds()).toEqual(upcall ? ['pending', 'upcall'] : ['pending']);
  });

  it('says in its effect whether the guest has masked its upcalls', () => {
    const xen = small();
    const port = xen.ipi(1);
    xen.must(1, 'm_upcall_mask', { vcpu: 0, value: 0 });
    xen.news();

    xen.must(1, 'send', { port });

    expect(xen.news().map(({ kind, detail }) => [kind, detail])).toEqual([
      ['pending', 0],
      ['upcall', 0],
    ]);
  });
});

describe('vCPUs beyond those of shared_info', () => {
  it('share one vcpu_info that nobody sees, until they register their own', () => {
    const xen = boot({}, [{ vcpus: 40 }]);
    const [a, b] = [xen.ipi(1, 32), xen.ipi(1, 39)];
    xen.news();

    xen.must(1, 'send', { port: a });
    xen.must(1, 'send', { port: b });

    expect(xen.kinds()).toEqual(['pending', 'upcall', 'pending']); // One selector bit for both.
    expect(xen.pending(1)).toEqual([a, b]);
    expect(xen.machine.vcpu(1, 32)!.info).toBe(undefined);
    expect(xen.machine.vcpu(1, 0)!.upcallPending).toBe(false);
  });

  it('start with a clean vcpu_info of their own, upcalls masked, all marked pending', () => {
    const xen = boot({}, [{ vcpus: 40, vcpusUp: 1 }]);
    xen.must(1, 'fill', { gfn: 2, value: 0x5555_5555 });

    xen.must(1, 'register_vcpu_info', { gfn: 2, offset: 128, vcpu: 33 });

    const info = xen.machine.page(1, 2)!.slice(128, 192);
    const expected = new Uint8Array(64);
    expected.set([1, 1]);
    expected.fill(0xff, 8, 16);
    expect(info).toEqual(expected);
  });

  it('get their events there from then on', () => {
    const xen = boot({}, [{ vcpus: 40, vcpusUp: 1 }]);
    const port = xen.ipi(1, 33);
    xen.must(1, 'register_vcpu_info', { gfn: 2, offset: 0, vcpu: 33 });
    xen.must(1, 'm_sel', { vcpu: 33 });
    xen.must(1, 'm_upcall', { vcpu: 33, value: 0 });

    xen.must(1, 'send', { port });

    expect(xen.machine.vcpu(1, 33)).toMatchObject({ upcallPending: true, pendingSel: 1n });
    expect(xen.machine.page(1, 2)![8]).toBe(1);
  });

  it('refuse memory accesses to a vcpu_info that they do not have', () => {
    const xen = boot({}, [{ vcpus: 40 }]);

    expect(xen.outcome(1, 'm_sel', { vcpu: 33 })).toBe('ENXIO');
    expect(xen.outcome(1, 'm_upcall', { vcpu: 33 })).toBe('ENXIO');
    expect(xen.outcome(1, 'm_upcall_mask', { vcpu: 33 })).toBe('ENXIO');
    expect(xen.outcome(1, 'm_sel', { vcpu: 40 })).toBe('ENOENT');
  });
});
