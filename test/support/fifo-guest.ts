import type { Host } from './host.ts';

const PENDING = 0x8000_0000;
const MASKED = 0x4000_0000;
const LINK = 0x0001_ffff;

/**
 * A guest's side of the FIFO ABI, as kernels have it: for each vCPU the ready bits that it has
 * seen, and for each queue the head that it has come to.
 */
export class FifoGuest {
  readonly #host: Host;
  readonly #dom: number;
  readonly #ready: number[];
  readonly #heads: number[][];

  constructor(host: Host, dom: number, vcpus: number) {
    this.#host = host;
    this.#dom = dom;
    this.#ready = Array.from({ length: vcpus }, () => 0);
    this.#heads = Array.from({ length: vcpus }, () => Array.from({ length: 16 }, () => 0));
  }

  /** Ready bits that the guest has seen, and not worked off yet. */
  ready(vcpu: number): number {
    return this.#ready[vcpu]!;
  }

  /** Takes one event off the most urgent queue of a vCPU; undefined if none is ready. */
  take(vcpu: number): { port: number; handled: boolean } | undefined {
    this.#call('m_upcall', { vcpu, value: 0 });
    this.#ready[vcpu]! |= this.#call('m_ready', { vcpu, value: 0 });
    const ready = this.#ready[vcpu]!;
    if (ready === 0) return undefined;

    const queue = 31 - Math.clz32(ready & -ready);
    const heads = this.#heads[vcpu]!;
    const port =
      heads[queue]! || this.#host.machine.vcpu(this.#dom, vcpu)!.controlBlock!.heads[queue]!;
    const word = this.#call('fifo_pop', { vcpu, prio: queue, handle: 0, port });
    heads[queue] = word & LINK;
    if (heads[queue] === 0) this.#ready[vcpu]! &= ~(1 << queue);

    const handled = (word & PENDING) !== 0 && (word & MASKED) === 0;
    if (handled) this.#call('w_and', { port, value: ~PENDING >>> 0 });
    return { port, handled };
  }

  #call(op: 'm_upcall' | 'm_ready' | 'fifo_pop' | 'w_and', args: Record<string, number>): number {
    const out = this.#host.must(this.#dom, op, args) as { old: number } | undefined;
    return out?.old ?? 0;
  }
}
