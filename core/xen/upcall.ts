import { EFFECT } from '../public/effect.ts';
import type { Port } from '../public/ids.ts';
import { VCPU_INFO_UPCALL_MASK, VCPU_INFO_UPCALL_PENDING } from '../public/shared-info.ts';
import type { Domain } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';
import { POLL_ANY } from './vcpu.ts';
import type { Vcpu } from './vcpu.ts';

/** Why a vCPU left SCHEDOP_poll: `detail` of the effect. */
export const WOKEN_BY = { event: 0, timeout: 1 } as const;

const infoByte = (vcpu: Vcpu, offset: number): number => vcpu.info.word * 4 + offset;

export const upcallPending = (vcpu: Vcpu): boolean =>
  vcpu.info.memory.bytes[infoByte(vcpu, VCPU_INFO_UPCALL_PENDING)] !== 0;

export const upcallMask = (domain: Domain, vcpu: Vcpu): boolean =>
  domain.layout.hasUpcallMask &&
  vcpu.info.memory.bytes[infoByte(vcpu, VCPU_INFO_UPCALL_MASK)] !== 0;

export function setUpcallPending(vcpu: Vcpu, value: number): void {
  vcpu.info.memory.writeByte(infoByte(vcpu, VCPU_INFO_UPCALL_PENDING), value);
}

export function setUpcallMask(vcpu: Vcpu, value: number): void {
  vcpu.info.memory.writeByte(infoByte(vcpu, VCPU_INFO_UPCALL_MASK), value);
}

/**
 * Asks for an upcall: sets bit 0 of evtchn_upcall_pending, and where it was clear kicks the vCPU,
 * which ends its poll. Xen does not look at evtchn_upcall_mask here: that is the guest's business.
 */
export function markEventsPending(xen: Hypervisor, domain: Domain, vcpu: Vcpu): void {
  const old = vcpu.info.memory.bytes[infoByte(vcpu, VCPU_INFO_UPCALL_PENDING)]!;
  if ((old & 1) !== 0) return;
  setUpcallPending(vcpu, old | 1);
  const masked = upcallMask(domain, vcpu) ? 1 : 0;
  xen.effects.emit(EFFECT.upcall, domain.domid, vcpu.id, 0, masked);
  if (vcpu.pollPort !== 0) endPoll(xen, domain, vcpu, WOKEN_BY.event);
}

/** Wakes the vCPUs that poll `port`, or several ports at once: Xen does not ask which. */
export function checkPollers(xen: Hypervisor, domain: Domain, port: Port): void {
  if (domain.pollers === 0) return;
  for (const vcpu of domain.vcpus) {
    if (vcpu.pollPort === POLL_ANY || vcpu.pollPort === port) {
      endPoll(xen, domain, vcpu, WOKEN_BY.event);
    }
  }
}

export function endPoll(xen: Hypervisor, domain: Domain, vcpu: Vcpu, reason: number): void {
  vcpu.pollPort = 0;
  vcpu.pollDeadline = 0;
  domain.pollers -= 1;
  xen.effects.emit(EFFECT.woken, domain.domid, vcpu.id, 0, reason);
}
