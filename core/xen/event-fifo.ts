import { assert } from '../lib/assert.ts';
import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import {
  CONTROL_BLOCK_HEAD,
  CONTROL_BLOCK_READY,
  EVTCHN_FIFO_BUSY,
  EVTCHN_FIFO_LINKED,
  EVTCHN_FIFO_LINK_MASK,
  EVTCHN_FIFO_MASKED,
  EVTCHN_FIFO_MAX_QUEUES,
  EVTCHN_FIFO_PENDING,
  EVTCHN_FIFO_PRIORITY_DEFAULT,
  EVTCHN_FIFO_PRIORITY_MIN,
} from '../public/fifo.ts';
import type { Port } from '../public/ids.ts';
import { EVTCHN_FIFO_NR_CHANNELS, WORDS_PER_PAGE } from '../public/limits.ts';
import type { Domain } from './domain.ts';
import type { Evtchn } from './evtchn.ts';
import type { GuestMemory, WordIndex } from './guest-memory.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { PortAbi } from './port-abi.ts';
import { checkPollers, markEventsPending } from './upcall.ts';
import type { Vcpu } from './vcpu.ts';

/** The event array of a domain: the frames given by EVTCHNOP_expand_array, in order. */
export interface FifoArray {
  readonly gfns: number[];
}

/** A vCPU's control block, and the tails of its queues, which the guest does not see. */
export class FifoVcpu {
  /** Where the control block is mapped; undefined before EVTCHNOP_init_control. */
  block: { readonly gfn: number; readonly offset: number; readonly word: WordIndex } | undefined;
  readonly tails: Port[] = Array.from({ length: EVTCHN_FIFO_MAX_QUEUES }, () => 0);
}

const NO_WORD = -1;

/** `detail` of the effect `dropped`. */
export const DROPPED = { unbound: 0, no_control_block: 1 } as const;

/** The event word of a port, or NO_WORD while its array page does not exist. */
export function eventWord(domain: Domain, port: Port): WordIndex {
  assert(domain.fifo !== undefined, 'event words exist under the FIFO ABI');
  const gfn = domain.fifo.gfns[port >>> 10];
  return gfn === undefined ? NO_WORD : (gfn + 1) * WORDS_PER_PAGE + (port & 1023);
}

/** The FIFO ABI: an event word a port, linked into 16 queues a vCPU by priority. */
export const EVENT_FIFO: PortAbi = {
  name: 'fifo',

  portsMax: () => EVTCHN_FIFO_NR_CHANNELS,

  init(evtchn) {
    evtchn.priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
  },

  setPending(xen, domain, vcpu, evtchn) {
    const { memory } = domain;
    const word = eventWord(domain, evtchn.port);
    if (word === NO_WORD) {
      evtchn.latched = true; // Raised when the page comes.
      xen.effects.emit(EFFECT.latched, domain.domid, vcpu.id, evtchn.port, 0);
      return;
    }
    const fifo = fifoOf(vcpu);
    if (fifo.block === undefined) {
      const reason = DROPPED.no_control_block;
      xen.effects.emit(EFFECT.dropped, domain.domid, vcpu.id, evtchn.port, reason);
      return;
    }
    const edge = setFlag(memory, word, EVTCHN_FIFO_PENDING);
    const effect = edge ? EFFECT.pending : EFFECT.coalesced;
    xen.effects.emit(effect, domain.domid, vcpu.id, evtchn.port, 0);
    if ((memory.words[word]! & EVTCHN_FIFO_MASKED) === 0) {
      if (setFlag(memory, word, EVTCHN_FIFO_LINKED))
        link(xen, domain, vcpu, fifo.block.word, evtchn);
    }
    if (edge) checkPollers(xen, domain, evtchn.port);
  },

  /** Only PENDING: the guest unlinks the event, and ignores it as it is not pending. */
  clearPending(domain, evtchn) {
    const word = eventWord(domain, evtchn.port);
    if (word !== NO_WORD) clearFlag(domain.memory, word, EVTCHN_FIFO_PENDING);
  },

  unmask(xen, domain, evtchn) {
    const word = eventWord(domain, evtchn.port);
    if (word === NO_WORD) return;
    clearFlag(domain.memory, word, EVTCHN_FIFO_MASKED);
    if ((domain.memory.words[word]! & EVTCHN_FIFO_PENDING) !== 0) {
      EVENT_FIFO.setPending(xen, domain, domain.vcpu(evtchn.notifyVcpu), evtchn);
    }
  },

  isPending: (domain, evtchn) => hasFlag(domain, evtchn, EVTCHN_FIFO_PENDING),

  isMasked: (domain, evtchn) =>
    eventWord(domain, evtchn.port) === NO_WORD || hasFlag(domain, evtchn, EVTCHN_FIFO_MASKED),

  isBusy: (domain, evtchn) => hasFlag(domain, evtchn, EVTCHN_FIFO_LINKED),

  /** A linked event stays where it is; the next one goes to the new queue. */
  setPriority(evtchn, priority) {
    if (priority > EVTCHN_FIFO_PRIORITY_MIN) return fail('EINVAL');
    evtchn.priority = priority;
    return ok();
  },
};

/** Hangs an event that was just marked LINKED onto its queue, and wakes the vCPU for a new head. */
function link(xen: Hypervisor, domain: Domain, vcpu: Vcpu, block: WordIndex, evtchn: Evtchn): void {
  const { memory } = domain;
  const { port, priority } = evtchn;
  const { tails } = fifoOf(vcpu);

  // As the tail of its last queue it would lead that queue's next event into this one.
  const lastTails = fifoOf(domain.vcpu(evtchn.lastVcpu)).tails;
  if (lastTails[evtchn.lastPriority] === port) lastTails[evtchn.lastPriority] = 0;
  evtchn.lastVcpu = vcpu.id;
  evtchn.lastPriority = priority;

  const tail = tails[priority]!;
  tails[priority] = port;
  if (tail !== 0 && setLink(memory, eventWord(domain, tail), port)) return;

  memory.write(block + CONTROL_BLOCK_HEAD + priority, port);
  if (!memory.testAndSetBit(block + CONTROL_BLOCK_READY, priority)) {
    markEventsPending(xen, domain, vcpu);
  }
}

/** Links the tail to `port`, if the guest has not taken the tail off its queue yet. */
function setLink(memory: GuestMemory, tail: WordIndex, port: Port): boolean {
  const old = memory.words[tail]!;
  if ((old & EVTCHN_FIFO_LINKED) === 0) return false;
  memory.write(tail, (old & ~(EVTCHN_FIFO_BUSY | EVTCHN_FIFO_LINK_MASK)) | port);
  return true;
}

function fifoOf(vcpu: Vcpu): FifoVcpu {
  assert(vcpu.fifo !== undefined, 'every vCPU has queues under the FIFO ABI');
  return vcpu.fifo;
}

/** Sets the flag; answers whether it was clear before. */
function setFlag(memory: GuestMemory, word: WordIndex, flag: number): boolean {
  const old = memory.words[word]!;
  if ((old & flag) !== 0) return false;
  memory.write(word, old | flag);
  return true;
}

function clearFlag(memory: GuestMemory, word: WordIndex, flag: number): void {
  const old = memory.words[word]!;
  if ((old & flag) !== 0) memory.write(word, old & ~flag);
}

function hasFlag(domain: Domain, evtchn: Evtchn, flag: number): boolean {
  const word = eventWord(domain, evtchn.port);
  return word !== NO_WORD && (domain.memory.words[word]! & flag) !== 0;
}
