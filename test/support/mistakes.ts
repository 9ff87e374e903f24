import { describe, expect, it } from 'vitest';
import type { Errno, OpName } from '../../core/index.ts';
import { stateText } from './host.ts';
import type { Arguments, Host } from './host.ts';

export interface Call<Name extends OpName> {
  caller: number;
  op: Name;
  args: Arguments<Name> & { callerVcpu?: number; ptr?: 'bad' };
}

/** One thing that is wrong with a call, or with the host that it is made on. */
export interface Mistake<Name extends OpName> {
  /** Completes "answers ERRNO where …". */
  readonly what: string;
  readonly errno: Errno;
  /** What it changes; two mistakes that change the same thing are not made at once. */
  readonly touches: readonly string[];
  readonly call?: (call: Call<Name>) => void;
  readonly host?: (host: Host, call: Call<Name>) => void;
  /** Xen has added a bucket of ports by then, where the last one was full. */
  readonly leavesBucket?: boolean;
}

export interface Contract<Name extends OpName> {
  readonly op: Name;
  readonly host: () => Host;
  /** A call that succeeds; may arrange what it needs. */
  readonly call: (host: Host) => { caller: number; args: Arguments<Name> };
  /** In the order in which Xen looks for them. */
  readonly mistakes: readonly Mistake<Name>[];
}

/** Every hypercall that takes a struct: the pointer is looked at before what it points to. */
export const BAD_POINTER = {
  what: 'the argument is not in guest memory',
  errno: 'EFAULT',
  touches: ['pointer'],
  call: (call: { args: { ptr?: 'bad' } }) => {
    call.args.ptr = 'bad';
  },
} as const;

/**
 * The errnos of an op: each mistake alone, any two at once (the earlier answers), and that a call
 * that failed has left the machine as it was.
 */
export function describeErrnos<Name extends OpName>(contract: Contract<Name>): void {
  const { mistakes } = contract;

  describe('fails', () => {
    it('not at all where nothing is wrong', () => {
      const { host, call } = arrange(contract, []);

      expect(host.outcome(call.caller, call.op, call.args)).toBe('ok');
    });

    for (const mistake of mistakes) {
      it(`with ${mistake.errno} where ${mistake.what}, and changes nothing`, () => {
        const { host, call } = arrange(contract, [mistake]);
        const before = stateText(host);

        const outcome = host.outcome(call.caller, call.op, call.args);

        expect(outcome).toBe(mistake.errno);
        expect(stateText(host)).toBe(before);
        expect(host.kinds()).toEqual([]);
      });
    }

    for (const [first, second] of pairs(mistakes)) {
      it(`with ${first.errno} where ${first.what}, though ${second.what}`, () => {
        const { host, call } = arrange(contract, [first, second]);

        expect(host.outcome(call.caller, call.op, call.args)).toBe(first.errno);
      });
    }

    for (const mistake of mistakes) {
      if (mistake.leavesBucket !== true) continue;
      it(`with ${mistake.errno} where ${mistake.what}, and leaves 64 more ports valid`, () => {
        const { host, call } = arrange(contract, [mistake], fillBucket);
        const dom = allocatingDomain(call);
        const valid = host.machine.domain(dom)!.validPorts;

        const outcome = host.outcome(call.caller, call.op, call.args);

        expect(outcome).toBe(mistake.errno);
        expect(host.machine.domain(dom)!.validPorts).toBe(valid + 64);
      });
    }
  });
}

/** Any two mistakes that can be made at once and answer differently, in the order of the list. */
function pairs<Name extends OpName>(
  mistakes: readonly Mistake<Name>[],
): [Mistake<Name>, Mistake<Name>][] {
  return mistakes.flatMap((first, index) =>
    mistakes
      .slice(index + 1)
      .filter((second) => second.errno !== first.errno)
      .filter(({ touches }) => !first.touches.some((thing) => touches.includes(thing)))
      .map((second): [Mistake<Name>, Mistake<Name>] => [first, second]),
  );
}

function arrange<Name extends OpName>(
  contract: Contract<Name>,
  mistakes: readonly Mistake<Name>[],
  last?: (host: Host, call: Call<Name>) => void,
): { host: Host; call: Call<Name> } {
  const host = contract.host();
  const { caller, args } = contract.call(host);
  const call: Call<Name> = { caller, op: contract.op, args: { ...args } };
  for (const mistake of mistakes) mistake.call?.(call);
  for (const mistake of mistakes) mistake.host?.(host, call);
  last?.(host, call);
  host.news();
  return { host, call };
}

/** Takes every valid port of the domain in which the call allocates. */
function fillBucket<Name extends OpName>(host: Host, call: Call<Name>): void {
  const dom = allocatingDomain(call);
  while (host.machine.domain(dom)!.activePorts < host.machine.domain(dom)!.validPorts - 1) {
    host.ipi(dom);
  }
}

function allocatingDomain<Name extends OpName>({ caller, op, args }: Call<Name>): number {
  const dom = (args as { dom?: number }).dom;
  return op === 'alloc_unbound' && dom !== undefined && dom < 0x7ff0 ? dom : caller;
}
