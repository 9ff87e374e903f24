import { fail } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import {
  CONTROL_BLOCK_HEAD,
  CONTROL_BLOCK_READY,
  CONTROL_BLOCK_SIZE,
  EVENT_WORDS_PER_PAGE,
  EVTCHN_FIFO_BUSY,
  EVTCHN_FIFO_LINKED,
  EVTCHN_FIFO_LINK_MASK,
  EVTCHN_FIFO_MASKED,
  EVTCHN_FIFO_PENDING,
} from '../public/fifo.ts';
import type { FifoHost } from '../public/guest-host.ts';
import type { VcpuId } from '../public/ids.ts';
import { PAGE_SIZE } from '../public/limits.ts';
import type { Domain } from '../xen/domain.ts';
import { eventWord } from '../xen/event-fifo.ts';
import { expandArray, initControl } from '../xen/fifo-setup.ts';
import type { WordIndex } from '../xen/guest-memory.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';

const BLOCKS_PER_PAGE = Math.floor(PAGE_SIZE / CONTROL_BLOCK_SIZE);

/** The first frames hold the control blocks, those that follow the event array. */
export function fifoHost(xen: Hypervisor, domain: Domain): FifoHost {
  const { memory } = domain;
  const blockFrames = Math.ceil(domain.vcpus.length / BLOCKS_PER_PAGE);
  const blockOf = (vcpu: VcpuId): WordIndex => domain.vcpu(vcpu).fifo!.block!.word;
  return {
    initControl(vcpu): Result {
      const gfn = Math.floor(vcpu / BLOCKS_PER_PAGE);
      const offset = (vcpu % BLOCKS_PER_PAGE) * CONTROL_BLOCK_SIZE;
      if (!memory.isWritable(gfn)) return fail('EINVAL');
      const word = memory.wordAt(gfn, offset);
      for (let at = 0; at < CONTROL_BLOCK_SIZE / 4; at += 1) memory.write(word + at, 0);
      const result = initControl(xen, domain, { gfn, offset, vcpu });
      return result.ok ? { ok: true, value: undefined } : result;
    },
    expandArray(page): Result {
      const gfn = blockFrames + page;
      if (!memory.isWritable(gfn)) return fail('EINVAL');
      const word = memory.wordAt(gfn, 0);
      for (let at = 0; at < EVENT_WORDS_PER_PAGE; at += 1)
        memory.write(word + at, EVTCHN_FIFO_MASKED);
      return expandArray(xen, domain, { gfn });
    },
    ...eventWords(domain),

    takeReady(vcpu) {
      const word = blockOf(vcpu) + CONTROL_BLOCK_READY;
      const ready = memory.words[word]!;
      memory.write(word, 0);
      return ready;
    },
    head: (vcpu, queue) => memory.words[blockOf(vcpu) + CONTROL_BLOCK_HEAD + queue]!,
  };
}

/** Accesses to event words. A port beyond the array has none. */
function eventWords(domain: Domain): Pick<FifoHost, 'unlink' | 'isActive' | 'clearMasked'> {
  const { memory } = domain;
  return {
    unlink(port) {
      const word = eventWord(domain, port);
      if (word < 0) return 0;
      const old = memory.words[word]!;
      memory.write(word, old & ~(EVTCHN_FIFO_LINKED | EVTCHN_FIFO_LINK_MASK));
      return old & EVTCHN_FIFO_LINK_MASK;
    },
    isActive(port) {
      const at = eventWord(domain, port);
      const word = at < 0 ? 0 : memory.words[at]!;
      return (word & (EVTCHN_FIFO_PENDING | EVTCHN_FIFO_MASKED)) === EVTCHN_FIFO_PENDING;
    },
    clearMasked(port) {
      const word = eventWord(domain, port);
      if (word < 0) return 'pending'; // No word of the guest's own: Xen answers.
      const old = memory.words[word]!;
      if ((old & EVTCHN_FIFO_BUSY) !== 0) return 'busy';
      if ((old & EVTCHN_FIFO_MASKED) !== 0) memory.write(word, old & ~EVTCHN_FIFO_MASKED);
      return (old & EVTCHN_FIFO_PENDING) === 0 ? 'idle' : 'pending';
    },
  };
}
