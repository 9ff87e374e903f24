import type { Port, VcpuId } from '../public/ids.ts';

/** What a guest kernel did wrong, as a result. The fatal ones end the guest. */
export type Fault =
  | { readonly kind: 'panic'; readonly text: string }
  /** A KASSERT, in a kernel that has them. */
  | { readonly kind: 'kassert'; readonly text: string }
  /** A read or write far outside an array: the page is not mapped. */
  | { readonly kind: 'page_fault'; readonly array: string; readonly index: number }
  /** A write just outside an array: somebody else's data. */
  | { readonly kind: 'oob_write'; readonly array: string; readonly index: number }
  | { readonly kind: 'corruption'; readonly what: string }
  | { readonly kind: 'hang'; readonly lock: string }
  /** An event was cleared, and nobody was told. */
  | { readonly kind: 'lost_event'; readonly port: Port }
  /** An event came to a source without handlers, which is disabled for it. */
  | { readonly kind: 'stray_event'; readonly port: Port; readonly vcpu: VcpuId };

/** Unwinds a guest function that cannot go on. Caught where the guest was entered. */
export class FatalFault extends Error {
  override readonly name = 'FatalFault';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(`${fault.kind}: ${JSON.stringify(fault)}`);
    this.fault = fault;
  }
}

export function panic(text: string): never {
  throw new FatalFault({ kind: 'panic', text });
}
