import { describe, expect, it } from 'vitest';
import { Machine, isRefusal } from '../../../core/index.ts';
import type { Op, OpName } from '../../../core/index.ts';
import { SELF, XEN, boot, makeOp, stateText } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

interface Case {
  readonly what: string;
  readonly op: Op;
  readonly arrange?: (xen: Host) => void;
  readonly says: string;
}

const op = (caller: number, name: OpName, args: object = {}): Op => makeOp(caller, name, args);

function refusals(reason: string, cases: readonly Case[]): void {
  describe(`an op that is refused as ${reason}`, () => {
    for (const { what, op: refused, arrange, says } of cases) {
      it(`because ${what} says so, changes nothing, and is not journalled`, () => {
        const xen = boot({ limits: { domains: 4, guestPages: 1000 } }, [
          { vcpus: 3, vcpusUp: 2 },
          { guest: 'hvm64' },
        ]);
        arrange?.(xen);
        const before = [stateText(xen), xen.machine.opCount, xen.machine.journalText()];

        const answer = xen.machine.execute(refused);

        expect(answer).toMatchObject({ ok: false, refused: reason });
        expect(isRefusal(answer) && answer.message).toContain(says);
        expect([stateText(xen), xen.machine.opCount, xen.machine.journalText()]).toEqual(before);
      });
    }
  });
}

refusals('no_caller', [
  {
    what: 'there is no such domain',
    op: op(9, 'send', { port: 1 }),
    says: 'there is no domain 9 to call from',
  },
  {
    what: 'there is no such domain to write to its memory',
    op: op(9, 'm_mask', { port: 1 }),
    says: 'there is no domain 9',
  },
  {
    what: 'there is no such vCPU',
    op: op(1, 'send', { port: 1, callerVcpu: 3 }),
    says: 'domain 1 has vCPUs 0 to 2, and no vCPU 3',
  },
]);

refusals('cannot_run', [
  {
    what: 'the domain is paused',
    op: op(1, 'bind_ipi'),
    arrange: (xen) => xen.must(0, 'pause_domain', { dom: 1 }),
    says: 'domain 1 is paused: unpause it',
  },
  {
    what: 'the domain is dying',
    op: op(2, 'bind_ipi'),
    arrange: (xen) => xen.leaveDying(2, 1),
    says: 'domain 2 is dying',
  },
  {
    what: 'the vCPU is down',
    op: op(1, 'bind_ipi', { callerVcpu: 2 }),
    says: 'vCPU 2 of domain 1 is down: bring it up first',
  },
  {
    what: 'the vCPU is asleep in SCHEDOP_poll',
    op: op(1, 'bind_ipi'),
    arrange: (xen) => xen.must(1, 'sched_poll', { ports: [] }),
    says: 'vCPU 0 of domain 1 is asleep in SCHEDOP_poll',
  },
]);

refusals('bad_argument', [
  {
    what: 'there is no such op',
    op: { ...op(1, 'send'), op: 'teleport' } as unknown as Op,
    says: 'there is no op "teleport"',
  },
  {
    what: 'an argument is a fraction',
    op: op(1, 'send', { port: 1.5 }),
    says: 'port of send is 1.5: give a whole number',
  },
  {
    what: 'an argument is not a number',
    op: op(1, 'send', { port: 'one' }),
    says: 'port of send is one: give a whole number',
  },
  {
    what: 'an argument is missing',
    op: { op: 'send', caller: 1 } as unknown as Op,
    says: 'port of send is undefined: give a whole number',
  },
  {
    what: 'an argument has more than 64 bits',
    op: op(1, 'expand_array', { gfn: 2 ** 65 }),
    says: 'gfn of expand_array is',
  },
  {
    what: 'an argument is negative',
    op: op(1, 'send', { port: -2 }),
    says: 'port of send is -2',
  },
  {
    what: 'a VIRQ is -1, which only frames and domids may be',
    op: op(XEN, 'raise_virq', { virq: -1 }),
    says: 'virq of raise_virq is -1',
  },
  {
    what: 'a priority is -1',
    op: op(1, 'set_priority', { port: 1, priority: -1 }),
    says: 'priority of set_priority is -1',
  },
  {
    what: 'a port of a poll is a fraction',
    op: op(1, 'sched_poll', { ports: [1, 0.5], nrPorts: 2 }),
    says: 'ports of sched_poll is',
  },
  {
    what: 'the caller is no domid',
    op: op(65_536, 'raise_debug'),
    says: 'caller of raise_debug is 65536',
  },
  {
    what: 'the caller is negative',
    op: op(-1, 'raise_debug'),
    says: 'caller of raise_debug is -1',
  },
  {
    what: 'the calling vCPU is beyond any',
    op: op(1, 'm_mask', { callerVcpu: 4096 }),
    says: 'callerVcpu of m_mask is 4096',
  },
  {
    what: 'the EVTCHNOP has an op of its own',
    op: op(1, 'evtchn_op', { cmd: 4 }),
    says: 'EVTCHNOP 4 is send: use that op',
  },
  {
    what: 'the memory access is of no kind',
    op: op(1, 'mem_atomic', { width: 32, action: 6 }),
    says: 'action 6 is none of read, xchg, or, and, xor, cmpxchg',
  },
  {
    what: 'the guest is of no kind',
    op: op(XEN, 'create_domain', { dom: 5, vcpus: 1, guest: 5 }),
    says: 'guest is 5, not one of 0 (pv64), 1 (pv32)',
  },
  {
    what: 'the guest would have too much memory',
    op: op(XEN, 'create_domain', { dom: 5, vcpus: 1, pages: 4097 }),
    says: 'pages is 4097, not from 0 to 4096',
  },
  {
    what: 'time would go back',
    op: op(XEN, 'advance_clock', { ns: -1 }),
    says: 'ns is -1, not from 0 to',
  },
]);

refusals('limit', [
  {
    what: 'the machine has its domains',
    op: op(XEN, 'create_domain', { dom: 6, vcpus: 1 }),
    arrange: (xen) => xen.create(5, { pages: 0 }),
    says: 'the machine has its 4 domains (limits.domains)',
  },
  {
    what: 'the machine has its guest pages',
    op: op(XEN, 'create_domain', { dom: 6, vcpus: 1, pages: 700 }),
    says: '1180 guest pages would exceed the machine’s 1000 (limits.guestPages)'.replace('’', "'"),
  },
]);

describe('an op', () => {
  it('is counted and journalled whether it succeeds or answers an errno', () => {
    const xen = boot();
    const before = xen.machine.opCount;

    xen.call(1, 'bind_ipi');
    xen.call(1, 'close', { port: 40 });

    expect(xen.machine.opCount).toBe(before + 2);
    expect([...xen.machine.journalOps()].slice(-2)).toEqual([
      { op: 'bind_ipi', caller: 1, vcpu: 0 },
      { op: 'close', caller: 1, port: 40 },
    ]);
  });

  it('numbers the effects that came of it', () => {
    const xen = boot();
    xen.ipi(1);

    expect(xen.news()).toMatchObject([{ op: xen.machine.opCount, kind: 'bound' }]);
  });

  it('of the toolstack may come from dom0 or from the owner of the machine', () => {
    const xen = boot();

    expect(xen.outcome(0, 'pause_domain', { dom: 1 })).toBe('ok');
    expect(xen.outcome(XEN, 'unpause_domain', { dom: 1 })).toBe('ok');
    expect(xen.outcome(2, 'pause_domain', { dom: 1 })).toBe('EPERM');
    expect(xen.outcome(77, 'pause_domain', { dom: 1 })).toBe('EPERM');
  });

  it('of a paused domain’s memory goes through: Xen is not asked', () => {
    const xen = boot();
    xen.must(0, 'pause_domain', { dom: 1 });

    expect(xen.outcome(1, 'm_mask', { port: 3 })).toBe('ok');
  });
});

describe('a machine without domains', () => {
  it('has nobody to call, and time that goes on', () => {
    const machine = Machine.create();

    expect(machine.domains()).toEqual([]);
    expect(machine.execute(op(0, 'reset', { dom: SELF }))).toMatchObject({ refused: 'no_caller' });
    expect(machine.execute(op(XEN, 'advance_clock', { ns: 5 })).ok).toBe(true);
    expect(machine.nowNs).toBe(5);
  });
});

describe('an argument that no guest could express', () => {
  it.each([
    ['alloc_unbound', { dom: SELF, remoteDom: 70_000 }],
    ['bind_interdomain', { remoteDom: 65_536, remotePort: 1 }],
    ['send', { port: 2 ** 32 }],
    ['bind_ipi', { vcpu: 0.5 }],
  ] as const)('is refused: %s %o', (name, args) => {
    expect(boot().call(1, name, args)).toMatchObject({ refused: 'bad_argument' });
  });
});
