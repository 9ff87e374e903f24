import { BitTree } from '../lib/bit-tree.ts';
import { EVTCHN_FIFO_NR_CHANNELS, EVTCHNS_PER_BUCKET } from '../public/limits.ts';
import type { Port } from '../public/ids.ts';
import { Evtchn, FREE, RESERVED } from './evtchn.ts';

/**
 * A domain's ports. They become valid a bucket of 64 at a time and stay valid for the domain's
 * life. A tree of the free ones gives the lowest without Xen's walk over all that are taken.
 */
export class PortTable {
  readonly #evtchns: Evtchn[] = [];
  #free = new BitTree(EVTCHNS_PER_BUCKET);

  constructor() {
    this.#addBucket();
    this.bind(this.#evtchns[0]!, RESERVED);
  }

  /** Number of valid ports: 0 to `validCount` - 1. Xen's `valid_evtchns`. */
  get validCount(): number {
    return this.#evtchns.length;
  }

  /** The port, free or not, if it is valid. */
  get(port: Port): Evtchn | undefined {
    return this.#evtchns[port];
  }

  bind(evtchn: Evtchn, binding: Evtchn['binding']): void {
    if (evtchn.binding === FREE) this.#free.delete(evtchn.port);
    else if (binding === FREE) this.#free.add(evtchn.port);
    evtchn.binding = binding;
  }

  /** The lowest free valid port >= `from`, or -1. */
  nextFree(from: Port): Port {
    return this.#free.next(from);
  }

  /** Makes ports valid up to and including `port`. What a failed call added stays. */
  growTo(port: Port): void {
    while (port >= this.#evtchns.length) this.#addBucket();
  }

  #addBucket(): void {
    const first = this.#evtchns.length;
    if (first === this.#free.capacity) this.#enlarge();
    for (let port = first; port < first + EVTCHNS_PER_BUCKET; port += 1) {
      this.#evtchns.push(new Evtchn(port));
      this.#free.add(port);
    }
  }

  #enlarge(): void {
    const old = this.#free;
    this.#free = new BitTree(Math.min(old.capacity * 4, EVTCHN_FIFO_NR_CHANNELS));
    for (let port = old.next(0); port >= 0; port = old.next(port + 1)) this.#free.add(port);
  }
}
