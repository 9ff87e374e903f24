import { describe, expect, it } from 'vitest';
import type { GuestKind, XenVersion } from '../../../core/index.ts';
import { boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const NO_VCPU = {
  what: 'the domain has no vCPU vcpu',
  errno: 'ENOENT',
  touches: ['vcpu', 'current', 'registered'],
  call: ({ args }: { args: object }) => {
    Object.assign(args, { vcpu: 4 });
  },
} as const;

const REGISTERED = {
  what: 'the vCPU has registered one already',
  touches: ['registered'],
  host: (xen: Host, { args }: { args: { vcpu?: number } }) =>
    xen.must(1, 'register_vcpu_info', { gfn: 7, vcpu: args.vcpu ?? 0 }),
} as const;

const wrong = (what: string, errno: 'EINVAL' | 'ENXIO' | 'EACCES', args: object) => ({
  what,
  errno,
  touches: ['address'],
  call: (call: { args: object }) => {
    Object.assign(call.args, args);
  },
});

const rightCall = () => ({ caller: 1, args: { gfn: 3, offset: 64, vcpu: 0 } });

describe('register_vcpu_info from Xen 4.18 on', () => {
  describeErrnos({
    op: 'register_vcpu_info',
    host: () => boot({ xen: '4.20' }),
    call: rightCall,
    mistakes: [
      NO_VCPU, // VCPUOPs find their vCPU before they look at the argument.
      BAD_POINTER,
      wrong('the offset is not within a page', 'EINVAL', { offset: 4096 }),
      wrong('the address overflows', 'EINVAL', { gfn: 2 ** 64, offset: 4 }),
      { ...REGISTERED, errno: 'EBUSY' },
      wrong('the structure crosses the end of its page', 'ENXIO', { offset: 4096 - 56 }),
      wrong('the offset is not aligned to xen_ulong_t', 'ENXIO', { offset: 4 }),
      wrong('the frame is not the guest’s', 'EINVAL', { gfn: 2 ** 40 }),
      wrong('the frame is not writable', 'EACCES', { gfn: 160 }),
    ],
  });

  it('may be asked for another vCPU that runs', () => {
    const xen = boot({ xen: '4.20' });

    expect(xen.outcome(1, 'register_vcpu_info', { gfn: 3, vcpu: 2 })).toBe('ok');
  });
});

describe('register_vcpu_info to Xen 4.17', () => {
  describeErrnos({
    op: 'register_vcpu_info',
    host: () => boot({ xen: '4.17' }),
    call: rightCall,
    mistakes: [
      NO_VCPU,
      BAD_POINTER,
      wrong('the structure crosses the end of its page', 'ENXIO', { offset: 4096 - 56 }),
      wrong('the offset is not within a page', 'ENXIO', { offset: 4096 }),
      wrong('the offset is not aligned to xen_ulong_t', 'ENXIO', { offset: 4 }),
      { ...REGISTERED, errno: 'EINVAL' },
      {
        what: 'the vCPU runs, and is not the caller',
        errno: 'EINVAL',
        touches: ['current', 'registered'],
        call: ({ args }) => Object.assign(args, { vcpu: 2 }),
      },
      wrong('the frame is not the guest’s', 'EINVAL', { gfn: 2 ** 40 }),
      wrong('the frame is not writable', 'EINVAL', { gfn: 160 }),
    ],
  });

  it.each([
    { what: 'the calling vCPU', args: { callerVcpu: 2, vcpu: 2 } },
    { what: 'a vCPU that is down', args: { vcpu: 3 } },
  ])('may be asked for $what', ({ args }) => {
    const xen = boot({ xen: '4.17' }, [{ vcpus: 4, vcpusUp: 3 }]);

    expect(xen.outcome(1, 'register_vcpu_info', { gfn: 3, ...args })).toBe('ok');
  });
});

describe.each<XenVersion>(['4.17', '4.22'])('register_vcpu_info (Xen %s)', (version) => {
  it('moves the structure as it is, then marks every selector bit and the upcall', () => {
    const xen = boot({ xen: version });
    xen.must(1, 'm_upcall_mask', { vcpu: 0, value: 0 });
    xen.must(1, 'm_sel', { vcpu: 0, lo: 5 });
    const old = xen.machine.page(1, -1)!;
    xen.news();

    xen.must(1, 'register_vcpu_info', { gfn: 3, offset: 128, vcpu: 0 });

    const expected = new Uint8Array(4096);
    expected.set([1, 0], 128);
    expected.fill(0xff, 128 + 8, 128 + 16);
    expect(xen.machine.page(1, 3)).toEqual(expected);
    expect(xen.machine.page(1, -1)).toEqual(old);
    expect(xen.machine.vcpu(1, 0)!.info).toEqual({ gfn: 3, offset: 128 });
    expect(xen.kinds()).toEqual(['upcall']);
  });

  it('delivers there from then on', () => {
    const xen = boot({ xen: version });
    const port = xen.ipi(1);
    xen.must(1, 'register_vcpu_info', { gfn: 3, vcpu: 0 });
    xen.must(1, 'm_sel', { vcpu: 0 });
    xen.must(1, 'm_upcall', { vcpu: 0 });

    xen.must(1, 'send', { port });

    expect(xen.machine.page(1, 3)!.slice(0, 9)).toEqual(
      new Uint8Array([1, 1, 0, 0, 0, 0, 0, 0, 1]),
    );
    expect(xen.machine.page(1, -1)![0]).toBe(0);
  });

  it('wakes nobody else, and its own vCPU from a poll', () => {
    const xen = boot({ xen: version }, [{ vcpus: 3, vcpusUp: 2 }]);
    xen.ipi(1, 2);
    xen.must(1, 'sched_poll', { ports: [1], nrPorts: 1, callerVcpu: 1 });

    xen.must(1, 'register_vcpu_info', { gfn: 3, vcpu: 0 });

    expect(xen.machine.vcpu(1, 1)!.poll).toBeDefined();
  });
});

describe('register_vcpu_info of other kinds of guests', () => {
  it.each<{ guest: GuestKind; offset: number; outcome: string }>([
    { guest: 'pv64', offset: 4096 - 64, outcome: 'ok' },
    { guest: 'pv64', offset: 4096 - 60, outcome: 'ENXIO' },
    { guest: 'pv32', offset: 4, outcome: 'ok' },
    { guest: 'pv32', offset: 2, outcome: 'ENXIO' },
    { guest: 'pv32', offset: 4096 - 64, outcome: 'ok' },
    { guest: 'arm64', offset: 4096 - 48, outcome: 'ok' },
    { guest: 'arm64', offset: 4096 - 40, outcome: 'ENXIO' },
    { guest: 'hvm64', offset: 4, outcome: 'ENXIO' },
  ])('at offset $offset of a $guest guest answers $outcome', ({ guest, offset, outcome }) => {
    const xen = boot({}, [{ guest }]);

    expect(xen.outcome(1, 'register_vcpu_info', { gfn: 3, offset, vcpu: 0 })).toBe(outcome);
  });

  it('gives arm64 no upcall mask', () => {
    const xen = boot({}, [{ guest: 'arm64', vcpus: 2, vcpusUp: 1 }]);

    xen.must(1, 'register_vcpu_info', { gfn: 3, vcpu: 1 });

    expect(xen.machine.page(1, 3)!.slice(0, 2)).toEqual(new Uint8Array([1, 0]));
    expect(xen.outcome(1, 'm_upcall_mask', { vcpu: 1, value: 1 })).toBe('ENXIO');
  });
});

describe('vcpu_up', () => {
  describeErrnos({
    op: 'vcpu_up',
    host: () => boot({}, [{ vcpus: 40, vcpusUp: 1 }]),
    call: () => ({ caller: 1, args: { vcpu: 2 } }),
    mistakes: [
      { ...NO_VCPU, call: ({ args }) => Object.assign(args, { vcpu: 40 }) },
      BAD_POINTER,
      {
        what: 'a PV vCPU was never initialised, and has no vcpu_info yet',
        errno: 'EINVAL',
        touches: ['vcpu'],
        call: ({ args }) => Object.assign(args, { vcpu: 32 }),
      },
    ],
  });

  it('lets the vCPU make calls, until vcpu_down', () => {
    const xen = boot({}, [{ vcpus: 2, vcpusUp: 1 }]);
    const call = () => xen.call(1, 'bind_ipi', { callerVcpu: 1 });
    expect(call()).toMatchObject({ refused: 'cannot_run' });

    xen.must(1, 'vcpu_up', { vcpu: 1 });
    expect(call().ok).toBe(true);

    xen.must(1, 'vcpu_down', { vcpu: 1 });
    expect(call()).toMatchObject({ refused: 'cannot_run' });
  });
});

describe('vcpu_down', () => {
  it('says ENOENT where the domain has no such vCPU', () => {
    expect(boot().outcome(1, 'vcpu_down', { vcpu: 4 })).toBe('ENOENT');
  });

  it('takes no argument, so that a bad pointer does no harm', () => {
    expect(boot().outcome(1, 'vcpu_down', { vcpu: 3, ptr: 'bad' })).toBe('ok');
  });
});
