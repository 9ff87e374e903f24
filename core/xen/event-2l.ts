import { EFFECT } from '../public/effect.ts';
import { fail } from '../public/errno.ts';
import type { Port } from '../public/ids.ts';
import type { Domain } from './domain.ts';
import type { Evtchn } from './evtchn.ts';
import type { WordIndex } from './guest-memory.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { PortAbi } from './port-abi.ts';
import { checkPollers, markEventsPending } from './upcall.ts';
import type { Vcpu } from './vcpu.ts';

/** Where evtchn_pending and evtchn_mask begin: shared_info is the first page of the memory. */
export const pendingWord = (domain: Domain): WordIndex => domain.layout.pendingOffset >> 2;
export const maskWord = (domain: Domain): WordIndex => domain.layout.maskOffset >> 2;

/** The 2-level ABI: a pending and a mask bit a port, and a selector bit per word and vCPU. */
export const EVENT_2L: PortAbi = {
  name: '2l',

  portsMax: (domain) => domain.layout.wordBits ** 2,

  init() {
    // Allocation keeps the pending and mask bits that the port's last use left behind.
  },

  /**
   * The order is the contract: pending, mask, selector, upcall. The guest clears them in the
   * opposite order, so whichever side comes second sees what the other did.
   */
  setPending(xen, domain, vcpu, evtchn) {
    const { port } = evtchn;
    if (domain.memory.testAndSetBit(pendingWord(domain), port)) {
      xen.effects.emit(EFFECT.coalesced, domain.domid, vcpu.id, port, 0);
      return; // The last edge is not consumed yet.
    }
    xen.effects.emit(EFFECT.pending, domain.domid, vcpu.id, port, 0);
    if (!domain.memory.testBit(maskWord(domain), port)) select(xen, domain, vcpu, port);
    checkPollers(xen, domain, port); // A poll ends for masked ports too.
  },

  clearPending(domain, evtchn) {
    domain.memory.testAndClearBit(pendingWord(domain), evtchn.port);
  },

  unmask(xen, domain, evtchn) {
    const { port } = evtchn;
    if (!domain.memory.testAndClearBit(maskWord(domain), port)) return;
    if (!domain.memory.testBit(pendingWord(domain), port)) return;
    select(xen, domain, domain.vcpu(evtchn.notifyVcpu), port);
  },

  isPending: (domain, evtchn) => domain.memory.testBit(pendingWord(domain), evtchn.port),

  isMasked: (domain, evtchn) => domain.memory.testBit(maskWord(domain), evtchn.port),

  isBusy: () => false, // A closed 2-level port leaves nothing behind.

  setPriority: (_evtchn: Evtchn, _priority: number) => fail('ENOSYS'),
};

function select(xen: Hypervisor, domain: Domain, vcpu: Vcpu, port: Port): void {
  const { wordBits, selOffset } = domain.layout;
  const { memory, word } = vcpu.info;
  const selector = wordBits === 64 ? port >>> 6 : port >>> 5;
  if (!memory.testAndSetBit(word + (selOffset >> 2), selector)) {
    markEventsPending(xen, domain, vcpu);
  }
}
