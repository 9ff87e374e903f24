/** An event of a handle: its ithread must run. */
export interface Interrupt {
  readonly handle: number;
  readonly port: number;
  /** The vCPU that took the upcall. */
  readonly vcpu: number;
  /** Counts the driver's interrupts from 1. */
  readonly sequence: bigint;
}

/** What runs for an interrupt; no other of its handle comes before it has resolved. */
export type InterruptHandler = (interrupt: Interrupt) => unknown;

/**
 * The interrupts of a driver. What is told again after a broken connection runs once all the same:
 * sequence numbers tell.
 */
export class Interrupts {
  readonly #answer: (interrupt: Interrupt) => void;
  readonly #failed: (error: unknown) => void;
  readonly #handlers = new Map<number, InterruptHandler>();
  /** Nobody has asked for these yet. */
  readonly #waiting = new Map<number, Interrupt>();
  /** The last interrupt of a handle that was taken, and whether it is handled. */
  readonly #taken = new Map<number, { readonly sequence: bigint; handled: boolean }>();
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(answer: (interrupt: Interrupt) => void, failed: (error: unknown) => void) {
    this.#answer = answer;
    this.#failed = failed;
  }

  told(interrupt: Interrupt): void {
    const taken = this.#taken.get(interrupt.handle);
    if (taken?.sequence === interrupt.sequence) {
      if (taken.handled) this.#answer(interrupt); // The answer was lost with the connection.
      return;
    }
    this.#waiting.set(interrupt.handle, interrupt);
    if (this.#handlers.has(interrupt.handle)) this.#run(interrupt.handle);
    else this.#wakeLoop();
  }

  on(handle: number, handler: InterruptHandler): () => void {
    this.#handlers.set(handle, handler);
    if (this.#waiting.has(handle)) this.#run(handle);
    return () => this.#handlers.delete(handle);
  }

  forget(handle: number): void {
    this.#handlers.delete(handle);
    this.#waiting.delete(handle);
    this.#taken.delete(handle);
  }

  end(): void {
    this.#ended = true;
    this.#wakeLoop();
  }

  /** Interrupts of handles without a handler; each is handled when the next one is asked for. */
  async *loop(): AsyncGenerator<Interrupt, void, undefined> {
    while (!this.#ended) {
      const interrupt = this.#unclaimed();
      if (interrupt === undefined) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const done = this.#take(interrupt);
      yield interrupt;
      done();
    }
  }

  #unclaimed(): Interrupt | undefined {
    for (const interrupt of this.#waiting.values()) {
      if (!this.#handlers.has(interrupt.handle)) return interrupt;
    }
    return undefined;
  }

  #run(handle: number): void {
    const interrupt = this.#waiting.get(handle)!;
    const done = this.#take(interrupt);
    const handler = this.#handlers.get(handle)!;
    void Promise.resolve(interrupt).then(handler).then(done, this.#failed);
  }

  #take(interrupt: Interrupt): () => void {
    const { handle, sequence } = interrupt;
    const taken = { sequence, handled: false };
    this.#waiting.delete(handle);
    this.#taken.set(handle, taken);
    return () => {
      taken.handled = true;
      this.#answer(interrupt);
    };
  }

  #wakeLoop(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
