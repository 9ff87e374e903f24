import type { Port, VcpuId } from '../public/ids.ts';

export type IsrcType = 'unbound' | 'port' | 'virq' | 'ipi';

/**
 * A driver's handler: a filter runs at once, in the upcall; an ithread later. The driver's token
 * comes back with each interrupt.
 */
export interface Handler {
  readonly token: number;
  readonly filter: boolean;
  readonly ithread: boolean;
}

/** An interrupt source: `struct xenisrc`. Never freed, but taken again when it is unbound. */
export class Isrc {
  /** Its place in Xen's range of vectors, fixed for life. */
  readonly index: number;
  type: IsrcType = 'unbound';
  port: Port;
  /** The CPU that gets the event. */
  cpu: VcpuId = 0;
  virq = 0;
  /** xi_cookie: set while a handler is attached. */
  handler: Handler | undefined;
  /** xi_close: release closes the port. */
  close = false;
  /** xi_masked: the port was masked already when the source was disabled. */
  masked = false;
  refcount = 0;
  /** Its ithread is scheduled, and has not finished. */
  ithreadRunning = false;

  constructor(index: number, port: Port) {
    this.index = index;
    this.port = port;
  }
}

/** The state of a source as data. */
export type IsrcFields = { readonly [Field in keyof Isrc]: Isrc[Field] };

export const isrcFields = (isrc: Isrc): IsrcFields => Object.assign({}, isrc);

/** Where a caller keeps its handle: `xen_intr_handle_t *`. */
export interface HandleRef {
  value: Isrc | undefined;
}
