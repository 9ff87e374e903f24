import type { EffectKind } from '../public/effect.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';

/** One effect as its readers see it; what the fields say for each kind: core/public/effect.ts. */
export interface Effect {
  /** Counts the machine's effects from 1, without gaps. */
  readonly sequence: number;
  /** Number of the op it came of, counted from 1. */
  readonly op: number;
  readonly kind: EffectKind;
  readonly dom: Domid;
  readonly vcpu: VcpuId;
  readonly port: Port;
  readonly detail: number;
}
