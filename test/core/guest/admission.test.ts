import { describe, expect, it } from 'vitest';
import { isRefusal } from '../../../core/index.ts';
import type { OpName } from '../../../core/index.ts';
import { XEN } from '../../support/host.ts';
import type { Arguments } from '../../support/host.ts';
import { bootArguments, bootKernels, ithread } from '../../support/kernels.ts';
import type { KernelHost } from '../../support/kernels.ts';

interface Case {
  readonly what: string;
  readonly caller?: number;
  readonly op: OpName;
  readonly args?: Arguments<OpName>;
  readonly reason?: string;
  readonly says: RegExp;
  readonly host?: (host: KernelHost) => void;
}

const boot3 = (more: object): Arguments<'boot_guest'> => ({ ...bootArguments(3), ...more });

const runThread = (host: KernelHost): unknown =>
  host.must(1, 'intr_alloc_and_bind_ipi', { ...ithread(1), thread: 5 });

const REFUSALS: readonly Case[] = [
  {
    what: 'a variant that there is not',
    op: 'boot_guest',
    args: boot3({ variant: 4 }),
    says: /old-2021/,
  },
  {
    what: 'a knob that there is not',
    op: 'boot_guest',
    args: boot3({ settings: [99, 0] }),
    says: /knob 99 .*sentinel/,
  },
  {
    what: 'a value that its knob does not have',
    op: 'boot_guest',
    args: boot3({ settings: [0, 2] }),
    says: /sentinel has no value 2: 0 \(zero\)/,
  },
  {
    what: 'a knob without a value',
    op: 'boot_guest',
    args: boot3({ settings: [0] }),
    says: /sentinel has no value undefined/,
  },
  {
    what: 'a negative number of ports',
    op: 'boot_guest',
    args: boot3({ nr: -1 }),
    says: /nr of boot_guest is -1|nr is -1/,
  },
  {
    what: 'more ports than any ABI has',
    op: 'boot_guest',
    args: boot3({ nr: 131_073 }),
    says: /131072/,
  },
  {
    what: 'more ports to precreate than any ABI has',
    op: 'boot_guest',
    args: boot3({ precreate: 131_073 }),
    says: /precreate/,
  },
  {
    what: 'a mode that there is not',
    op: 'suspend_begin',
    args: { dom: 1, mode: 6 },
    says: /mode 6 .*real/,
  },
  {
    what: 'a mode that there is not, at the end',
    op: 'suspend_finish',
    args: { dom: 1, mode: 6 },
    says: /mode 6/,
  },
  {
    what: 'to precreate less than no port',
    op: 'suspend_finish',
    args: { dom: 1, precreate: -1 },
    says: /precreate is -1/,
  },
  {
    what: 'a call into a domain that there is not',
    caller: 9,
    op: 'intr_unbind',
    reason: 'no_caller',
    says: /no domain 9/,
  },
  {
    what: 'a call into a domain without a kernel',
    caller: 3,
    op: 'intr_unbind',
    reason: 'no_caller',
    says: /boot_guest gives it one/,
  },
  {
    what: 'a call into a guest that a fault has ended',
    caller: 1,
    op: 'intr_unbind',
    reason: 'cannot_run',
    says: /has ended: .*panic/,
    host: (host) => host.kill(1),
  },
  {
    what: 'a handle beyond the last',
    caller: 1,
    op: 'intr_unbind',
    args: { handle: 131_072 },
    says: /131071/,
  },
  {
    what: 'a negative handle',
    caller: 1,
    op: 'intr_unbind',
    args: { handle: -1 },
    says: /handle -1/,
  },
  {
    what: 'to assign a CPU that the guest does not have',
    caller: 1,
    op: 'intr_assign_cpu',
    args: { cpu: 4 },
    says: /cpu 4 is not from 0 to 3/,
  },
  {
    what: 'the upcall of a CPU that the guest does not have',
    caller: 1,
    op: 'intr_upcall',
    args: { cpu: 4 },
    says: /cpu 4/,
  },
  {
    what: 'an injection that there is not',
    caller: 1,
    op: 'inject_failure',
    args: { what: 3 },
    says: /what 3 is none of 0 \(next_add_handler\)/,
  },
  {
    what: 'a failure that is no errno',
    caller: 1,
    op: 'inject_failure',
    args: { what: 0, value: 5 },
    says: /no errno of Xen's/,
  },
  {
    what: 'to run a thread that there is not',
    caller: 1,
    op: 'thread_run',
    args: { thread: 5, steps: 1 },
    says: /no thread 5/,
  },
  {
    what: 'a straight call while threads run',
    caller: 1,
    op: 'intr_unbind',
    reason: 'cannot_run',
    says: /threads run \(5\)/,
    host: runThread,
  },
  {
    what: 'a second thread of the same number',
    caller: 1,
    op: 'intr_unbind',
    args: { thread: 5 },
    says: /thread 5 runs already/,
    host: runThread,
  },
  {
    what: 'a 65th thread',
    caller: 1,
    op: 'intr_unbind',
    args: { thread: 100 },
    reason: 'limit',
    says: /64 threads/,
    host: fillThreads,
  },
];

function fillThreads(host: KernelHost): void {
  for (let thread = 1; thread <= 64; thread += 1) host.must(1, 'intr_unbind', { thread });
}

describe('a machine refuses', () => {
  it.each(REFUSALS)('$what, and changes nothing', ({ caller, op, args, reason, says, host }) => {
    const machine = bootKernels();
    host?.(machine);
    const { opCount } = machine.machine;

    const answer = machine.call(caller ?? XEN, op, args);

    expect(isRefusal(answer) && answer.refused).toBe(reason ?? 'bad_argument');
    expect(isRefusal(answer) && answer.message).toMatch(says);
    expect(machine.machine.opCount).toBe(opCount);
    expect(machine.machine.retired).toBeUndefined();
  });
});
