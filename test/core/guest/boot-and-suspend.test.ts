import { describe, expect, it } from 'vitest';
import { INJECTIONS } from '../../../core/index.ts';
import { XEN, stateText } from '../../support/host.ts';
import { bootArguments, bootKernels, ithread, modeNumber } from '../../support/kernels.ts';

describe('boot_guest', () => {
  it.each([
    ['ESRCH', 'there is no such domain', { dom: 9 }],
    ['EEXIST', 'the domain has a kernel', { dom: 1 }],
    ['EINVAL', 'nr is more than the 4096 ports of the ABI', { dom: 3, nr: 4097 }],
  ] as const)('fails with %s where %s, and changes nothing', (errno, _why, more) => {
    const host = bootKernels();
    const before = stateText(host);

    expect(host.outcome(XEN, 'boot_guest', { ...bootArguments(3), ...more })).toBe(errno);
    expect(stateText(host)).toBe(before);
  });
});

describe('suspend', () => {
  it('is for guests with a kernel: ESRCH', () => {
    const host = bootKernels();

    expect(host.outcome(XEN, 'suspend_begin', { dom: 3 })).toBe('ESRCH');
    expect(host.outcome(XEN, 'suspend_finish', { dom: 3 })).toBe('ESRCH');
  });

  it('is begun once (EBUSY), and finished only after that (EINVAL)', () => {
    const host = bootKernels();

    expect(host.outcome(XEN, 'suspend_finish', { dom: 1, mode: 1 })).toBe('EINVAL');
    host.must(XEN, 'suspend_begin', { dom: 1, mode: 1 });
    expect(host.outcome(XEN, 'suspend_begin', { dom: 1, mode: 1 })).toBe('EBUSY');
  });

  it.each([
    ['EEXIST', 'the new domid is taken', 2],
    ['EINVAL', 'the new domid is reserved', 0x7ff0],
    ['EBUSY', 'the domid is to be kept and the old domain is somebody’s target', 1],
  ] as const)('fails with %s where %s, and can be tried again', (errno, _why, newDom) => {
    const host = bootKernels();
    host.must(0, 'set_target', { dom: 3, target: 1 });
    const [handle] = host.pair(1, 2);
    host.must(XEN, 'suspend_begin', { dom: 1, mode: modeNumber('real') });
    host.news();
    const before = stateText(host);

    const args = { dom: 1, mode: modeNumber('real'), newDom };
    expect(host.outcome(XEN, 'suspend_finish', args)).toBe(errno);
    expect(stateText(host)).toBe(before);
    expect(host.kinds()).toEqual([]);

    expect(host.must(XEN, 'suspend_finish', { ...args, newDom: 7 }).dom).toBe(7);
    expect(host.portOf(7, handle)).toBe(0xffff_ffff);
  });

  it('finds nobody in a guest that a fault has ended (EFAULT), but for a soft reset', () => {
    const host = bootKernels();
    host.kill(1);

    expect(host.outcome(XEN, 'suspend_begin', { dom: 1, mode: 0 })).toBe('EFAULT');
    expect(host.suspend(1, 'soft_reset')).toBe(1);
    expect(host.kernel(1).dead).toBeUndefined();
    expect(host.outcome(1, 'intr_alloc_and_bind_ipi', ithread(1))).toBe('ok');
  });

  it('goes on with what a fault has ended meanwhile by a soft reset alone', () => {
    const host = bootKernels();
    host.must(XEN, 'suspend_begin', { dom: 1, mode: 1 });
    host.kill(1);

    expect(host.outcome(XEN, 'suspend_finish', { dom: 1, mode: 1 })).toBe('EFAULT');
    expect(host.outcome(XEN, 'suspend_finish', { dom: 1, mode: 5, newDom: -1 })).toBe('ok');
  });
});

describe('handles', () => {
  it('are given out in turn, and given again once they hold nothing', () => {
    const host = bootKernels();
    const bind = () => host.must(1, 'intr_alloc_and_bind_ipi', ithread(1)).handle!;
    const kept = bind();
    let last = kept;
    for (let round = 0; round < 131_072; round += 1) {
      last = bind();
      host.must(1, 'intr_unbind', { handle: last });
    }

    expect(kept).toBe(3);
    expect(last).toBeLessThan(131_072);
    expect(host.portOf(1, kept)).toBe(1);
  }, 30_000);

  it('of an injected failure hold nothing', () => {
    const host = bootKernels();
    host.inject(1, INJECTIONS[0], 12);

    expect(host.outcome(1, 'intr_alloc_and_bind_ipi', ithread(1))).toBe('ENOMEM');
    expect(host.kernel(1).handles).toEqual([{ handle: 3, isrc: -1 }]);
  });
});
