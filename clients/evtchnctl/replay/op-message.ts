import { MEMORY_ACTIONS, SHARED_INFO_GFN } from '../../../core/index.ts';
import type { Op } from '../../../core/index.ts';
import type { Op as OpMessage } from '../../../proto/gen/evtchnd/v1/op.ts';
import type { BatchOp } from '../../typescript/index.ts';

const nothing = (): void => undefined;

/** An op of the core as the contract has it: the same names, in the contract's notation. */
export function opMessage(op: Op): BatchOp<void> {
  const { op: name, caller, callerVcpu = 0, ptr, ...args } = op;
  const value = { op: { $case: camelCase(name), value: fields(op, args) } };
  const message = { caller, callerVcpu, badPointer: ptr === 'bad', ...value } as OpMessage;
  return { name, message, read: nothing };
}

type Args = Readonly<Record<string, unknown>>;

function fields(op: Op, args: Args): object {
  switch (op.op) {
    case 'create_domain':
      return { config: domainConfig(op) };
    case 'mem_atomic':
      return { ...args, ...pageFields(op.gfn), action: op.action + FIRST_ACTION };
    case 'sched_poll':
      return { ...args, timeout: BigInt(op.timeout) };
    case 'evtchn_op':
      return { cmd: op.cmd >>> 0 }; // An int in Xen, and recordings try -1.
    case 'fifo_pop':
      return { ...args, handle: op.handle !== 0 };
    case 'advance_clock':
      return { ns: BigInt(op.ns) };
    case 'init_control':
    case 'expand_array':
    case 'register_vcpu_info':
    case 'fill':
      return { ...args, ...pageFields(op.gfn) };
    default:
      return args;
  }
}

/** The contract's enum has the core's actions in the core's order, after UNSPECIFIED. */
const FIRST_ACTION = 1;
if (MEMORY_ACTIONS[0] !== 'read') throw new Error('the contract numbers other memory actions');

const GFN_MAX = 2n ** 64n - 1n;

function pageFields(gfn: number): { gfn: bigint; sharedInfo: boolean } {
  if (gfn === SHARED_INFO_GFN) return { gfn: 0n, sharedInfo: true };
  const exact = BigInt(gfn);
  // A frame of all ones is 2^64 in the core, whose numbers cannot tell the two apart.
  return { gfn: exact > GFN_MAX ? GFN_MAX : exact, sharedInfo: false };
}

/** `dom` -1 is the next that is free, and so left out. GuestKind comes after UNSPECIFIED. */
function domainConfig(op: Extract<Op, { op: 'create_domain' }>): object {
  const { dom, guest, privileged, vcpus, vcpusUp, maxEvtchnPort, pages, paused } = op;
  return {
    ...(dom >= 0 && { dom }),
    guest: guest + 1,
    privileged: privileged !== 0,
    vcpus,
    vcpusUp,
    maxEvtchnPort,
    pages,
    paused: paused !== 0,
  };
}

const names = new Map<string, string>();

function camelCase(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const camel = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  names.set(name, camel);
  return camel;
}
