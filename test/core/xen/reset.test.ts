import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { SELF, boot, stateText } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const sliced = (resetSlicePorts = 64) => boot({ resetSlicePorts }, [{ guest: 'hvm64' }, {}]);

describe('reset', () => {
  describeErrnos({
    op: 'reset',
    host: sliced,
    call: (xen) => {
      xen.must(0, 'pause_domain', { dom: 1 });
      return { caller: 0, args: { dom: 1 } };
    },
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      {
        what: 'dom is not the caller, and the caller has no privilege over it',
        errno: 'EPERM',
        touches: ['caller'],
        call: (call) => Object.assign(call, { caller: 2 }),
      },
      {
        what: 'dom is not the caller, and the toolstack has not paused it',
        errno: 'EINVAL',
        touches: ['pause'],
        host: (xen) => xen.must(0, 'unpause_domain', { dom: 1 }),
      },
      {
        what: 'a reset of dom is in progress',
        errno: 'EBUSY',
        touches: ['dom', 'caller'],
        host: (xen) => {
          const paused = xen.machine.domain(1)!.pauseCount > 0;
          if (paused) xen.must(0, 'unpause_domain', { dom: 1 });
          for (let port = 1; port < 140; port += 1) xen.ipi(1);
          xen.outcome(1, 'reset', { dom: SELF });
          if (paused) xen.must(0, 'pause_domain', { dom: 1 });
        },
      },
    ],
  });

  it('closes every port of the domain, and peers fall back to unbound', () => {
    const xen = boot();
    const [a] = xen.channel(2, 1);
    xen.ipi(1);
    xen.virq(1, VIRQ.TIMER);
    xen.unbound(1, 0);

    xen.must(1, 'reset', { dom: SELF });

    expect(xen.machine.ports(1, 0, 100)).toEqual([]);
    expect(xen.machine.port(2, a)).toMatchObject({ state: 'unbound', remoteDom: 1 });
  });

  it('leaves buckets valid, mask bits, selectors, and pending bits of unallocated ports', () => {
    const xen = boot();
    for (let port = 1; port < 70; port += 1) xen.ipi(1);
    xen.must(1, 'send', { port: 65 });
    xen.must(1, 'm_mask', { port: 65 });
    xen.must(1, 'm_setpend', { port: 200 });

    xen.must(1, 'reset', { dom: SELF });

    expect(xen.machine.domain(1)).toMatchObject({ validPorts: 128, activePorts: 0 });
    const page = xen.machine.page(1, -1)!;
    expect(page[0x800 + 8]).toBe(0);
    expect(page[0x800 + 25]).toBe(1);
    expect(page[0xa00 + 8]).toBe(2);
    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: true, pendingSel: 2n });
  });

  it('spares ports whose consumer is Xen', () => {
    const xen = boot({}, [{ guest: 'hvm64', vcpus: 2 }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });
    xen.ipi(1);

    xen.must(1, 'reset', { dom: SELF });

    expect(xen.machine.ports(1, 0, 100).map(({ port }) => port)).toEqual([1, 2]);
  });

  it('brings the 2-level ABI back', () => {
    const xen = boot();
    xen.fifo(1);
    xen.news();

    xen.must(1, 'reset', { dom: SELF });

    expect(xen.machine.domain(1)).toMatchObject({ abi: '2l', portsMax: 4096, arrayGfns: [] });
    expect(xen.kinds()).toEqual(['two_level']);
  });

  it('may be asked for by the device model of a paused target', () => {
    const xen = sliced();
    xen.must(0, 'set_target', { dom: 2, target: 1 });
    xen.must(0, 'pause_domain', { dom: 1 });

    expect(xen.outcome(2, 'reset', { dom: 1 })).toBe('ok');
  });
});

/** Four buckets of IPIs, and channels to domain 1 here and there. */
function crowded(resetSlicePorts: number): Host {
  const xen = sliced(resetSlicePorts);
  for (let port = 1; port < 250; port += 1) {
    if (port % 50 === 0) xen.channel(1, 2);
    else xen.ipi(2);
  }
  xen.fifo(2);
  return xen;
}

describe('a reset that is preempted', () => {
  it('answers ERESTART until reset_cont has closed the last port', () => {
    const xen = crowded(64);

    const outcomes = [xen.outcome(2, 'reset', { dom: SELF })];
    while (outcomes.at(-1) === 'ERESTART')
      outcomes.push(xen.outcome(2, 'reset_cont', { dom: SELF }));

    expect(outcomes).toEqual(['ERESTART', 'ERESTART', 'ok']);
    expect(xen.machine.domain(2)).toMatchObject({ activePorts: 0, abi: '2l' });
  });

  it('looks whether to stop at every 64th port only, and has closed that one', () => {
    const xen = crowded(64);

    xen.outcome(2, 'reset', { dom: SELF });

    expect(xen.machine.ports(2, 1, 1)[0]!.port % 64).toBe(1);
  });

  it.each([64, 128])('ends in the state of one that is not (slices of %i ports)', (slice) => {
    const whole = crowded(0);
    const inSlices = crowded(slice);
    whole.must(2, 'reset', { dom: SELF });

    let outcome = inSlices.outcome(2, 'reset', { dom: SELF });
    while (outcome === 'ERESTART') outcome = inSlices.outcome(2, 'reset_cont', { dom: SELF });

    const withoutConfig = (host: Host) => stateText(host).replace(/"resetSlicePorts":\d+/, '');
    expect(outcome).toBe('ok');
    expect(withoutConfig(inSlices)).toBe(withoutConfig(whole));
  });

  it('excludes another: reset says EBUSY meanwhile, and reset_cont says it before and after', () => {
    const xen = crowded(64);
    expect(xen.outcome(2, 'reset_cont', { dom: SELF })).toBe('EBUSY');

    xen.outcome(2, 'reset', { dom: SELF });

    expect(xen.outcome(2, 'reset', { dom: SELF })).toBe('EBUSY');
    while (xen.outcome(2, 'reset_cont', { dom: SELF }) === 'ERESTART') continue;
    expect(xen.outcome(2, 'reset_cont', { dom: SELF })).toBe('EBUSY');
  });

  it('keeps the FIFO ABI, and other ports go on, until it is done', () => {
    const xen = crowded(64);
    xen.outcome(2, 'reset', { dom: SELF });

    expect(xen.machine.domain(2)!.abi).toBe('fifo');
    expect(xen.outcome(2, 'send', { port: 140 })).toBe('ok');
    expect(xen.outcome(2, 'send', { port: 40 })).toBe('EINVAL');
    expect(xen.machine.port(2, 140)!.pending).toBe(true);
  });

  it('says EAGAIN where a port was bound behind it, and may then be begun anew', () => {
    const xen = crowded(64);
    xen.outcome(2, 'reset', { dom: SELF });
    expect(xen.ipi(2)).toBe(1);

    const outcomes = [1, 2, 3].map(() => xen.outcome(2, 'reset_cont', { dom: SELF }));

    expect(outcomes).toEqual(['ERESTART', 'EAGAIN', 'EBUSY']);
    expect(xen.machine.domain(2)).toMatchObject({ abi: 'fifo', activePorts: 1 });
    expect(xen.outcome(2, 'reset', { dom: SELF })).toBe('ok');
  });

  it('ends early where only ports of Xen are left', () => {
    const xen = sliced();
    for (let port = 1; port < 140; port += 1) xen.ipi(1);
    xen.must(0, 'create_ioreq_server', { dom: 1 });

    expect(xen.outcome(1, 'reset', { dom: SELF })).toBe('ERESTART');
    expect(xen.outcome(1, 'reset_cont', { dom: SELF })).toBe('ok');
    expect(xen.machine.domain(1)).toMatchObject({ activePorts: 4, xenPorts: 4 });
  });

  it('survives a snapshot between two slices', () => {
    const xen = crowded(64);
    xen.outcome(2, 'reset', { dom: SELF });

    const copy = xen.machine.fork();

    expect(copy.execute({ op: 'reset_cont', caller: 2, dom: 2 })).toEqual(
      xen.call(2, 'reset_cont', { dom: 2 }),
    );
    expect(copy.stateHash()).toBe(xen.machine.stateHash());
  });

  it('of a domain that is destroyed meanwhile ends with the domain', () => {
    const xen = crowded(64);
    xen.outcome(2, 'reset', { dom: SELF });

    xen.must(0, 'destroy_domain', { dom: 2 });

    expect(xen.outcome(0, 'reset_cont', { dom: 2 })).toBe('ESRCH');
  });
});

describe('EVTCHNOP numbers without an op here', () => {
  it.each([15, 16, 99, 0xffff_ffff])('EVTCHNOP %i answers ENOSYS', (cmd) => {
    expect(boot().outcome(1, 'evtchn_op', { cmd })).toBe('ENOSYS');
  });

  it('answers ENOSYS although the argument is not in guest memory: Xen does not look', () => {
    const xen = boot();

    expect(xen.outcome(1, 'evtchn_op', { cmd: 15, ptr: 'bad' })).toBe('ENOSYS');
    expect(xen.outcome(1, 'evtchn_op', { cmd: 14, ptr: 'bad' })).toBe('EFAULT');
  });

  it('EVTCHNOP 14, reset_cont, answers EBUSY while no reset is in progress', () => {
    expect(boot().outcome(1, 'evtchn_op', { cmd: 14 })).toBe('EBUSY');
  });

  it('EVTCHNOP 14 goes on with a reset of the caller', () => {
    const xen = crowded(64);
    xen.outcome(2, 'reset', { dom: SELF });

    expect(xen.outcome(2, 'evtchn_op', { cmd: 14 })).toBe('ERESTART');
    expect(xen.outcome(2, 'evtchn_op', { cmd: 14 })).toBe('ok');
  });
});
