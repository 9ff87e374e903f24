/*
 * The FIFO ABI as its specification tells it, without a word of how it is done: each vCPU has 16
 * queues; an event enters the queue of its port's vCPU and priority when it becomes pending while
 * not masked and in no queue; the guest takes the head of the most urgent queue that is not empty.
 * An event stays in the queue that it entered. A closed port that is in a queue cannot be had.
 */

const PRIORITY_DEFAULT = 7;

interface Port {
  vcpu: number;
  priority: number;
}

export class ReferenceFifo {
  readonly ports = new Map<number, Port>();
  readonly pending = new Set<number>();
  readonly masked = new Set<number>();
  /** Queue [vCPU][priority], the head first. */
  readonly queues: number[][][];
  readonly maxPort: number;
  /** vCPUs from here on have no control block: what is sent to them is lost. */
  readonly blocks: number;

  constructor(vcpus: number, blocks: number, maxPort: number) {
    this.queues = Array.from({ length: vcpus }, () => Array.from({ length: 16 }, () => []));
    this.blocks = blocks;
    this.maxPort = maxPort;
  }

  bindIpi(vcpu: number): number | string {
    for (let port = 1; port <= this.maxPort; port += 1) {
      if (this.ports.has(port) || this.isQueued(port)) continue;
      this.ports.set(port, { vcpu, priority: PRIORITY_DEFAULT });
      return port;
    }
    return 'ENOSPC';
  }

  /** Any port can be moved here, as if it were no IPI: see the test. */
  move(number: number, vcpu: number): void {
    const port = this.ports.get(number);
    if (port !== undefined) port.vcpu = vcpu;
  }

  setPriority(number: number, priority: number): number | string {
    const port = this.ports.get(number);
    if (port === undefined) return 'EACCES';
    if (priority > 15) return 'EINVAL';
    port.priority = priority;
    return 0;
  }

  close(number: number): number | string {
    if (!this.ports.delete(number)) return 'EINVAL';
    this.pending.delete(number);
    return 0;
  }

  send(number: number): number | string {
    if (!this.ports.has(number)) return 'EINVAL';
    this.#raise(number);
    return 0;
  }

  unmask(number: number): number {
    if (!this.ports.has(number)) return 0;
    this.masked.delete(number);
    if (this.pending.has(number)) this.#raise(number);
    return 0;
  }

  /** The port that the guest takes next on a vCPU, and whether it has an event to handle. */
  take(vcpu: number): { port: number; handled: boolean } | undefined {
    const queue = this.queues[vcpu]!.find(({ length }) => length > 0);
    const port = queue?.shift();
    if (port === undefined) return undefined;
    const handled = this.pending.has(port) && !this.masked.has(port);
    if (handled) this.pending.delete(port);
    return { port, handled };
  }

  isQueued(port: number): boolean {
    return this.queues.some((queues) => queues.some((queue) => queue.includes(port)));
  }

  #raise(number: number): void {
    const { vcpu, priority } = this.ports.get(number)!;
    if (vcpu >= this.blocks) return;
    this.pending.add(number);
    if (this.masked.has(number) || this.isQueued(number)) return;
    this.queues[vcpu]![priority]!.push(number);
  }
}
