import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import {
  CONTROL_BLOCK_HEAD,
  CONTROL_BLOCK_READY,
  EVTCHN_FIFO_LINKED,
  EVTCHN_FIFO_LINK_MASK,
  EVTCHN_FIFO_MAX_QUEUES,
  EVTCHN_FIFO_PENDING,
} from '../public/fifo.ts';
import { PAGE_SIZE, WORDS_PER_PAGE } from '../public/limits.ts';
import type { Port, VcpuId } from '../public/ids.ts';
import type { Domain } from './domain.ts';
import { maskWord, pendingWord } from './event-2l.ts';
import { eventWord } from './event-fifo.ts';
import type { GuestMemory, WordIndex } from './guest-memory.ts';
import { setUpcallMask, setUpcallPending } from './upcall.ts';
import type { Vcpu } from './vcpu.ts';

/*
 * What a guest does to the pages that it shares with Xen, one atomic access each. Xen is not told.
 * These are no hypercalls, so their errnos are ours: ENOENT where the domain has no such vCPU,
 * EINVAL where there is no such word, ENXIO where a structure does not exist yet.
 */

/** Sets or clears the bit of `port` in evtchn_pending or evtchn_mask, modulo the ABI's ports. */
export function writePortBit(
  caller: Domain,
  area: 'pending' | 'mask',
  port: Port,
  value: boolean,
): Result {
  const base = area === 'pending' ? pendingWord(caller) : maskWord(caller);
  const bit = port % caller.layout.wordBits ** 2;
  if (value) caller.memory.testAndSetBit(base, bit);
  else caller.memory.testAndClearBit(base, bit);
  return ok();
}

/** Writes evtchn_upcall_pending or evtchn_upcall_mask of a vCPU. */
export function writeUpcall(
  caller: Domain,
  field: 'pending' | 'mask',
  args: { vcpu: VcpuId; value: number },
): Result {
  const vcpu = infoOwner(caller, args.vcpu);
  if (!vcpu.ok) return vcpu;
  if (field === 'pending') setUpcallPending(vcpu.value, args.value);
  else if (caller.layout.hasUpcallMask) setUpcallMask(vcpu.value, args.value);
  else return fail('ENXIO');
  return ok();
}

/** Writes evtchn_pending_sel of a vCPU: `hi` is ignored where xen_ulong_t has 32 bits. */
export function writeSelector(
  caller: Domain,
  args: { vcpu: VcpuId; lo: number; hi: number },
): Result {
  const vcpu = infoOwner(caller, args.vcpu);
  if (!vcpu.ok) return vcpu;
  const { memory, word } = vcpu.value.info;
  const selector = word + (caller.layout.selOffset >> 2);
  memory.write(selector, args.lo);
  if (caller.layout.wordBits === 64) memory.write(selector + 1, args.hi);
  return ok();
}

/** Sets all 1024 words of a frame. */
export function fillPage(caller: Domain, args: { gfn: number; value: number }): Result {
  if (!caller.memory.isWritable(args.gfn)) return fail('EINVAL');
  const first = caller.memory.wordAt(args.gfn, 0);
  caller.memory.words.fill(args.value, first, first + WORDS_PER_PAGE);
  caller.memory.touch(first);
  return ok();
}

/** Changes the event word of `port`; answers the old one. */
export function updateWord(
  caller: Domain,
  port: Port,
  change: (old: number) => number,
): Result<{ old: number }> {
  if (caller.fifo === undefined) return fail('ENXIO');
  const word = eventWord(caller, port);
  return word < 0 ? fail('ENXIO') : ok({ old: update(caller.memory, word, change) });
}

/** Takes an event off its queue: clears LINKED and LINK, and PENDING if it is handled too. */
export function popEvent(
  caller: Domain,
  args: { port: Port; handle: number },
): Result<{ old: number }> {
  const taken = args.handle === 0 ? 0 : EVTCHN_FIFO_PENDING;
  const clear = EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK | taken;
  return updateWord(caller, args.port, (old) => old & ~clear);
}

/** Writes the `ready` word of a control block; answers the old one. */
export function writeReady(
  caller: Domain,
  args: { vcpu: VcpuId; value: number },
): Result<{ old: number }> {
  return writeControl(caller, args.vcpu, CONTROL_BLOCK_READY, args.value);
}

/** Writes the head of a queue; answers the old one. */
export function writeHead(
  caller: Domain,
  args: { vcpu: VcpuId; prio: number; value: number },
): Result<{ old: number }> {
  if (args.prio >= EVTCHN_FIFO_MAX_QUEUES) return fail('EINVAL');
  return writeControl(caller, args.vcpu, CONTROL_BLOCK_HEAD + args.prio, args.value);
}

/** Which access mem_atomic makes; the numbers are the indexes of MEMORY_ACTIONS. */
const READ = 0;
const XCHG = 1;
const OR = 2;
const AND = 3;
const XOR = 4;

export interface AtomicAccess {
  readonly gfn: number;
  readonly offset: number;
  readonly width: number;
  readonly action: number;
  readonly lo: number;
  readonly hi: number;
  readonly cmpLo: number;
  readonly cmpHi: number;
}

/** One atomic access to 32 or 64 bits of a page (gfn -1: shared_info); answers the old value. */
export function accessMemory(
  caller: Domain,
  args: AtomicAccess,
): Result<{ oldLo: number; oldHi: number }> {
  const { gfn, offset, width } = args;
  const { memory } = caller;
  if (gfn !== -1 && !memory.isWritable(gfn)) return fail('EINVAL');
  if (width !== 32 && width !== 64) return fail('EINVAL');
  if (offset % (width / 8) !== 0 || offset > PAGE_SIZE - width / 8) return fail('EINVAL');

  const word = memory.wordAt(gfn, offset);
  const oldLo = memory.words[word]!;
  const oldHi = width === 64 ? memory.words[word + 1]! : 0;
  const matches = oldLo === args.cmpLo >>> 0 && (width === 32 || oldHi === args.cmpHi >>> 0);
  const writes = args.action !== READ && (args.action <= XOR || matches);
  if (writes) {
    memory.write(word, combine(args.action, oldLo, args.lo));
    if (width === 64) memory.write(word + 1, combine(args.action, oldHi, args.hi));
  }
  return ok({ oldLo, oldHi });
}

function combine(action: number, old: number, value: number): number {
  switch (action) {
    case OR:
      return old | value;
    case AND:
      return old & value;
    case XOR:
      return old ^ value;
    case XCHG:
    default:
      return value; // xchg, and cmpxchg where it matched
  }
}

function infoOwner(caller: Domain, id: VcpuId): Result<Vcpu> {
  const vcpu = caller.vcpus[id];
  if (vcpu === undefined) return fail('ENOENT');
  return vcpu.info.memory === caller.memory ? ok(vcpu) : fail('ENXIO');
}

function writeControl(
  caller: Domain,
  id: VcpuId,
  index: number,
  value: number,
): Result<{ old: number }> {
  const vcpu = caller.vcpus[id];
  if (vcpu === undefined) return fail('ENOENT');
  const block = vcpu.fifo?.block;
  if (block === undefined) return fail('ENXIO');
  return ok({ old: update(caller.memory, block.word + index, () => value) });
}

function update(memory: GuestMemory, word: WordIndex, change: (old: number) => number): number {
  const old = memory.words[word]!;
  memory.write(word, change(old));
  return old;
}
