import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { VcpuId } from '../public/ids.ts';
import { PAGE_SIZE } from '../public/limits.ts';
import { VCPU_INFO_UPCALL_MASK, isPv } from '../public/shared-info.ts';
import type { Domain } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';
import { markEventsPending } from './upcall.ts';
import { DUMMY_GFN } from './vcpu.ts';
import type { Vcpu } from './vcpu.ts';

/** Frame numbers from here on overflow a 64-bit guest address. */
const GFN_LIMIT = 2 ** 52;

/**
 * VCPUOP_register_vcpu_info: moves a vCPU's vcpu_info to the guest's own memory, once. Every
 * selector bit and the upcall are set there, so that no event is lost on the way.
 *
 * From 4.18 on:
 * - ENOENT: the domain has no such vCPU.
 * - EINVAL: `offset` is not within a page, or the address overflows.
 * - EBUSY: the vCPU has registered one already.
 * - ENXIO: the structure crosses the end of its page, or is not aligned to `xen_ulong_t`.
 * - EINVAL: the frame is not the guest's. EACCES: it is not writable.
 *
 * To 4.17:
 * - ENOENT: the domain has no such vCPU.
 * - ENXIO: `offset` crosses the end of the page, or is not aligned to `xen_ulong_t`.
 * - EINVAL: the vCPU has registered one already, or it runs and is not the caller.
 * - EINVAL: the frame is not the guest's, or not writable.
 */
export function registerVcpuInfo(
  xen: Hypervisor,
  caller: Domain,
  current: Vcpu,
  args: { gfn: number; offset: number; vcpu: VcpuId },
): Result {
  const vcpu = caller.vcpus[args.vcpu];
  if (vcpu === undefined) return fail('ENOENT');
  const check = xen.behaviour.registerVcpuInfo === 'area' ? checkArea : checkOffset;
  const checked = check(caller, current, vcpu, args);
  if (!checked.ok) return checked;

  moveInfo(caller, vcpu, args.gfn, args.offset);
  markAllPending(xen, caller, vcpu);
  return ok();
}

type Check = (
  caller: Domain,
  current: Vcpu,
  vcpu: Vcpu,
  args: { gfn: number; offset: number },
) => Result;

const checkArea: Check = (caller, _current, vcpu, { gfn, offset }) => {
  if (offset >= PAGE_SIZE || gfn >= GFN_LIMIT) return fail('EINVAL');
  if (gfn === GFN_LIMIT - 1 && offset === PAGE_SIZE - 1) return fail('EINVAL'); // The address ~0.
  if (isRegistered(vcpu)) return fail('EBUSY');
  if (!fits(caller, offset)) return fail('ENXIO');
  if (isPageTable(caller, gfn)) return fail('EACCES');
  return caller.memory.isWritable(gfn) ? ok() : fail('EINVAL');
};

const checkOffset: Check = (caller, current, vcpu, { gfn, offset }) => {
  if (!fits(caller, offset)) return fail('ENXIO');
  if (isRegistered(vcpu)) return fail('EINVAL');
  if (vcpu !== current && vcpu.up) return fail('EINVAL');
  return caller.memory.isWritable(gfn) ? ok() : fail('EINVAL');
};

const isRegistered = (vcpu: Vcpu): boolean => vcpu.info.gfn >= 0;

function fits(domain: Domain, offset: number): boolean {
  const { vcpuInfoSize, wordBits } = domain.layout;
  return offset <= PAGE_SIZE - vcpuInfoSize && offset % (wordBits / 8) === 0;
}

/** The frame after a PV guest's memory stands for its page tables: its own, but not writable. */
const isPageTable = (domain: Domain, gfn: number): boolean =>
  isPv(domain.guest) && gfn === domain.memory.frames;

function moveInfo(domain: Domain, vcpu: Vcpu, gfn: number, offset: number): void {
  const { memory, layout } = domain;
  const word = memory.wordAt(gfn, offset);
  const old = vcpu.info;
  const size = layout.vcpuInfoSize / 4;
  if (old.gfn === DUMMY_GFN) {
    memory.words.fill(0, word, word + size);
    if (layout.hasUpcallMask) memory.bytes[word * 4 + VCPU_INFO_UPCALL_MASK] = 1;
  } else {
    memory.words.set(old.memory.words.subarray(old.word, old.word + size), word);
  }
  memory.touch(word);
  vcpu.info = { memory, word, gfn, offset };
}

function markAllPending(xen: Hypervisor, domain: Domain, vcpu: Vcpu): void {
  const { memory, word } = vcpu.info;
  const { selOffset, wordBits } = domain.layout;
  memory.write(word + (selOffset >> 2), 0xffff_ffff);
  if (wordBits === 64) memory.write(word + (selOffset >> 2) + 1, 0xffff_ffff);
  markEventsPending(xen, domain, vcpu);
}

/** Domain reset: a vcpu_info in the guest's memory is forgotten. */
export function resetVcpuInfo(domain: Domain, vcpu: Vcpu): void {
  if (vcpu.info.gfn >= 0) vcpu.info = domain.initialInfo(vcpu.id);
}

/**
 * VCPUOP_initialise (the first time) and VCPUOP_up: the vCPU runs.
 *
 * - ENOENT: the domain has no such vCPU.
 * - EINVAL: (PV; to 4.17 all guests) it was never initialised, and has no vcpu_info yet.
 */
export function vcpuUp(xen: Hypervisor, caller: Domain, args: { vcpu: VcpuId }): Result {
  const vcpu = caller.vcpus[args.vcpu];
  if (vcpu === undefined) return fail('ENOENT');
  const mayBeBare = !isPv(caller.guest) && xen.behaviour.initialiseBareHvm;
  const bare = vcpu.info.gfn === DUMMY_GFN && !mayBeBare;
  if (!vcpu.initialised && bare) return fail('EINVAL');
  vcpu.initialised = true;
  vcpu.up = true;
  return ok();
}

/**
 * VCPUOP_down: the vCPU stops. Ports that notify it go on to become pending.
 *
 * - ENOENT: the domain has no such vCPU.
 */
export function vcpuDown(caller: Domain, args: { vcpu: VcpuId }): Result {
  const vcpu = caller.vcpus[args.vcpu];
  if (vcpu === undefined) return fail('ENOENT');
  vcpu.up = false;
  return ok();
}
