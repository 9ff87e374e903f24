import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import {
  CONTROL_BLOCK_ALIGN,
  CONTROL_BLOCK_SIZE,
  EVTCHN_FIFO_PRIORITY_DEFAULT,
} from '../public/fifo.ts';
import {
  EVTCHN_FIFO_LINK_BITS,
  EVTCHN_FIFO_NR_CHANNELS,
  PAGE_SIZE,
  WORDS_PER_PAGE,
} from '../public/limits.ts';
import type { Domain } from './domain.ts';
import { EVENT_2L, pendingWord } from './event-2l.ts';
import { EVENT_FIFO, FifoVcpu } from './event-fifo.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { Vcpu } from './vcpu.ts';

const ARRAY_PAGES_MAX = EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE;

/**
 * EVTCHNOP_init_control: gives Xen the control block of a vCPU. The first one switches the domain
 * to the FIFO ABI: events that are pending then are remembered, those of free ports too, and
 * every port gets the default priority.
 *
 * - ENOENT: the domain has no such vCPU.
 * - EINVAL: the block would cross the end of its page, or is not aligned to 8 bytes.
 * - EINVAL: the vCPU has a control block already.
 * - EINVAL: the frame is not the guest's, or not writable.
 */
export function initControl(
  xen: Hypervisor,
  caller: Domain,
  args: { gfn: number; offset: number; vcpu: number },
): Result<{ linkBits: number }> {
  const vcpu = caller.vcpus[args.vcpu];
  if (vcpu === undefined) return fail('ENOENT');
  if (args.offset > PAGE_SIZE - CONTROL_BLOCK_SIZE) return fail('EINVAL');
  if (args.offset % CONTROL_BLOCK_ALIGN !== 0) return fail('EINVAL');
  if (vcpu.fifo?.block !== undefined) return fail('EINVAL');
  if (!caller.memory.isWritable(args.gfn)) return fail('EINVAL');

  if (caller.fifo === undefined) switchToFifo(xen, caller);
  mapControlBlock(caller, vcpu, args.gfn, args.offset);
  return ok({ linkBits: EVTCHN_FIFO_LINK_BITS });
}

/**
 * EVTCHNOP_expand_array: appends a page of 1024 event words. Events that came for its ports before
 * are raised now; once latched, they are raised again with every later array too.
 *
 * - EOPNOTSUPP: the domain has no control block yet.
 * - ENOSPC: the array has its 128 pages. max_evtchn_port does not limit it.
 * - EINVAL: the frame is not the guest's, or not writable.
 */
export function expandArray(xen: Hypervisor, caller: Domain, args: { gfn: number }): Result {
  if (caller.fifo === undefined) return fail('EOPNOTSUPP');
  const { gfns } = caller.fifo;
  if (gfns.length >= ARRAY_PAGES_MAX) return fail('ENOSPC');
  if (!caller.memory.isWritable(args.gfn)) return fail('EINVAL');

  const first = gfns.length * WORDS_PER_PAGE;
  caller.memory.use(args.gfn);
  gfns.push(args.gfn);
  caller.memory.reshape();
  const end = Math.min(first + WORDS_PER_PAGE, caller.ports.validCount);
  for (let port = first; port < end; port += 1) {
    const evtchn = caller.ports.get(port)!;
    if (!evtchn.latched) continue;
    EVENT_FIFO.setPending(xen, caller, caller.vcpu(evtchn.notifyVcpu), evtchn);
  }
  return ok();
}

/** Back to the 2-level ABI: Xen forgets control blocks and array; the guest keeps its pages. */
export function destroyFifo(xen: Hypervisor, domain: Domain): void {
  if (domain.fifo === undefined) return;
  domain.fifo = undefined;
  for (const vcpu of domain.vcpus) vcpu.fifo = undefined;
  domain.abi = EVENT_2L;
  domain.memory.reshape();
  xen.effects.emit(EFFECT.two_level, domain.domid, 0, 0, 0);
}

function switchToFifo(xen: Hypervisor, domain: Domain): void {
  const end = Math.min(domain.portsMax, domain.ports.validCount);
  for (let port = 1; port < end; port += 1) {
    const evtchn = domain.ports.get(port)!;
    if (domain.memory.testBit(pendingWord(domain), port)) evtchn.latched = true;
    evtchn.priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
  }
  for (const vcpu of domain.vcpus) vcpu.fifo = new FifoVcpu();
  domain.fifo = { gfns: [] };
  domain.abi = EVENT_FIFO;
  xen.effects.emit(EFFECT.fifo, domain.domid, 0, 0, 0);
}

function mapControlBlock(domain: Domain, vcpu: Vcpu, gfn: number, offset: number): void {
  vcpu.fifo!.block = { gfn, offset, word: domain.memory.wordAt(gfn, offset) };
  domain.memory.reshape();
}
