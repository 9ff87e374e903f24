import type { Domain } from './domain.ts';

/** Who may do what to whom: the questions that event channels ask of XSM. */
export interface Policy {
  /** XSM_TARGET: alloc_unbound for `target`, status and reset of it. */
  mayTarget(caller: Domain, target: Domain): boolean;
  /** XSM_DM_PRIV: device-model operations on `target`. */
  mayModel(caller: Domain, target: Domain): boolean;
  /** XSM_PRIV: domctls. */
  mayControl(caller: Domain): boolean;
  /** XSM_HOOK: join a port of `local` to one of `remote`. */
  mayBind(local: Domain, remote: Domain): boolean;
  /** XSM_HOOK: send on a port of `sender`. */
  maySend(sender: Domain): boolean;
}

/** Xen's dummy module: a domain acts on itself, on its set_target target, and dom0 on any. */
export const DUMMY_POLICY: Policy = {
  mayTarget: (caller, target) => caller === target || caller.target === target || caller.privileged,
  mayModel: (caller, target) => caller.target === target || caller.privileged,
  mayControl: (caller) => caller.privileged,
  mayBind: () => true,
  maySend: () => true,
};
