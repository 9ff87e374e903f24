import { EFFECT } from '../public/effect.ts';
import type { Domain } from './domain.ts';
import type { Hypervisor } from './hypervisor.ts';

/** Forgets a dying domain that nothing refers to, and then the one that it referred to. */
export function bury(xen: Hypervisor, domain: Domain): void {
  if (domain.life !== 'dying' || isReferredTo(xen, domain)) return;
  xen.domains.delete(domain.domid);
  xen.effects.emit(EFFECT.domain_destroyed, domain.domid, 0, 0, 0);
  if (domain.target !== undefined) bury(xen, domain.target);
}

/** Whether a destroyed `domain` would go on to answer to its domid. */
export function isReferredTo(xen: Hypervisor, domain: Domain): boolean {
  for (const handler of xen.virqHandlers.values()) if (handler === domain) return true;
  for (const other of xen.domains.values()) if (other.target === domain) return true;
  return false;
}
