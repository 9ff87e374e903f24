import type { Fault, HandleFate, SuspendMode } from '../views/guest.ts';

/** The guest is about to be suspended. */
export interface Suspending {
  readonly mode: SuspendMode;
  /** What is left of the time, in ms; 0: nobody waits for the drivers. */
  readonly deadlineMs: number;
}

/** The guest runs again. */
export interface Resumed {
  readonly mode: SuspendMode;
  /** The domain now. */
  readonly dom: number;
  readonly previousDom: number;
  /** What became of each handle of this driver. */
  readonly handles: readonly HandleFate[];
}

/** The suspend was cancelled, or failed: nothing has changed. */
export interface Cancelled {
  readonly mode: SuspendMode;
}

/** What a guest's life tells its drivers. */
export interface LifecycleEvents {
  readonly suspending: Suspending;
  readonly suspended: undefined;
  readonly resumed: Resumed;
  readonly cancelled: Cancelled;
  readonly fault: Fault;
}

type Listener<Event> = (event: Event) => unknown;

/** Who listens to what. */
export class Lifecycle {
  readonly #listeners = new Map<keyof LifecycleEvents, Set<Listener<never>>>();

  on<Name extends keyof LifecycleEvents>(
    name: Name,
    listener: Listener<LifecycleEvents[Name]>,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** Resolves when all listeners have; throws what the first of them throws. */
  async tell<Name extends keyof LifecycleEvents>(
    name: Name,
    event: LifecycleEvents[Name],
  ): Promise<void> {
    const listeners = [...(this.#listeners.get(name) ?? [])] as Listener<typeof event>[];
    await Promise.all(listeners.map(async (listener) => listener(event)));
  }
}
