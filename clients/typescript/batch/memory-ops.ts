import { MemoryAction } from '../../../proto/gen/evtchnd/v1/op.ts';
import type * as proto from '../../../proto/gen/evtchnd/v1/op.ts';
import { pageFields } from '../page.ts';
import type { Page } from '../page.ts';
import { batchOp } from './batch-op.ts';
import type { BatchOp, Who } from './batch-op.ts';
import * as out from './outputs.ts';

/** What an atomic access does; each answers the word as it was before. */
export type AtomicAction = 'read' | 'xchg' | 'or' | 'and' | 'xor' | 'cmpxchg';

/** One atomic access to a word of the calling domain's memory. */
export interface AtomicAccess {
  readonly page: Page;
  /** In bytes, a multiple of width / 8, below 4096. */
  readonly offset: number;
  /** In bits. */
  readonly width: 32 | 64;
  readonly action: AtomicAction;
  /** The operand; not used by 'read'. */
  readonly value?: bigint;
  /** cmpxchg: the word that must be there. */
  readonly compare?: bigint;
}

/**
 * What a guest does to its own memory, as ops of a batch: no hypercalls, and Xen is not told. Their
 * errnos are the service's own: ENOENT where the domain has no such vCPU, EINVAL where there is no
 * such word, ENXIO where an array page or a control block does not exist yet.
 */
export const memoryOps = {
  /** Sets the port's bit of evtchn_mask in shared_info. */
  mMask: (args: proto.MMaskOp, who?: Who): BatchOp<void> =>
    batchOp('mMask', args, who, out.nothing),

  /** Clears the port's bit of evtchn_mask. Unlike unmask it brings no event that waits. */
  mUnmask: (args: proto.MUnmaskOp, who?: Who): BatchOp<void> =>
    batchOp('mUnmask', args, who, out.nothing),

  /** Sets the port's bit of evtchn_pending. Unlike send it notifies nobody. */
  mSetpend: (args: proto.MSetpendOp, who?: Who): BatchOp<void> =>
    batchOp('mSetpend', args, who, out.nothing),

  /** Clears the port's bit of evtchn_pending. */
  mClrpend: (args: proto.MClrpendOp, who?: Who): BatchOp<void> =>
    batchOp('mClrpend', args, who, out.nothing),

  /** vcpu_info.evtchn_upcall_pending = value. */
  mUpcall: (args: proto.MUpcallOp, who?: Who): BatchOp<void> =>
    batchOp('mUpcall', args, who, out.nothing),

  /** vcpu_info.evtchn_upcall_mask = value. */
  mUpcallMask: (args: proto.MUpcallMaskOp, who?: Who): BatchOp<void> =>
    batchOp('mUpcallMask', args, who, out.nothing),

  /** vcpu_info.evtchn_pending_sel = hi * 2^32 + lo; guests with 32-bit words have no hi. */
  mSel: (args: proto.MSelOp, who?: Who): BatchOp<void> => batchOp('mSel', args, who, out.nothing),

  /** The vCPU's control block: ready = value. Answers what it was. */
  mReady: (args: proto.MReadyOp, who?: Who): BatchOp<{ old: number }> =>
    batchOp('mReady', args, who, out.old),

  /** The vCPU's control block: head[prio] = value. Answers what it was. */
  mHead: (args: proto.MHeadOp, who?: Who): BatchOp<{ old: number }> =>
    batchOp('mHead', args, who, out.old),

  /** All 1024 words of a page = value. */
  fill: ({ page, value }: { page: Page; value: number }, who?: Who): BatchOp<void> =>
    batchOp('fill', { ...pageFields(page), value }, who, out.nothing),

  /** The port's event word |= value. Answers what it was. */
  wOr: (args: proto.WOrOp, who?: Who): BatchOp<{ old: number }> =>
    batchOp('wOr', args, who, out.old),

  /** The port's event word &= value. Answers what it was. */
  wAnd: (args: proto.WAndOp, who?: Who): BatchOp<{ old: number }> =>
    batchOp('wAnd', args, who, out.old),

  /** As a guest unlinks an event: word &= ~(LINKED | LINK | (handle ? PENDING : 0)). */
  fifoPop: (args: proto.FifoPopOp, who?: Who): BatchOp<{ old: number }> =>
    batchOp('fifoPop', args, who, out.old),

  /** One atomic access to a word. Answers what it was. */
  memAtomic: (access: AtomicAccess, who?: Who): BatchOp<{ old: bigint }> => {
    const { value = 0n, compare = 0n } = access;
    const word = {
      ...pageFields(access.page),
      offset: access.offset,
      width: access.width,
      action: actionToProto(access.action),
      lo: low(value),
      hi: high(value),
      cmpLo: low(compare),
      cmpHi: high(compare),
    };
    return batchOp('memAtomic', word, who, out.oldWord);
  },
};

const ACTIONS: Readonly<Record<AtomicAction, MemoryAction>> = {
  read: MemoryAction.READ,
  xchg: MemoryAction.XCHG,
  or: MemoryAction.OR,
  and: MemoryAction.AND,
  xor: MemoryAction.XOR,
  cmpxchg: MemoryAction.CMPXCHG,
};

export const actionToProto = (action: AtomicAction): MemoryAction => ACTIONS[action];

export const low = (value: bigint): number => Number(BigInt.asUintN(32, value));

export const high = (value: bigint): number => Number(BigInt.asUintN(32, value >> 32n));
