/**
 * Work that others may interleave with, cut at the accesses to what is shared. Each `yield` names
 * the access about to be made, or the lock that is waited for; any other thread may run first.
 */
export type Steps<T = void> = Generator<Step, T, void>;

export type Step = string | { readonly waitsFor: Lock };

/** A lock that one thread holds at a time. */
export class Lock {
  readonly name: string;
  held = false;

  constructor(name: string) {
    this.name = name;
  }
}

/** A thread that can never go on: everybody who could release the lock is waiting or gone. */
export class Deadlock extends Error {
  override readonly name = 'Deadlock';
  readonly lock: Lock;

  constructor(lock: Lock) {
    super(`nobody is left to release ${lock.name}`);
    this.lock = lock;
  }
}

/** Takes `lock`, waiting for whoever holds it. */
export function* acquire(lock: Lock): Steps {
  yield `lock ${lock.name}`;
  while (lock.held) yield { waitsFor: lock };
  lock.held = true;
}

export function* release(lock: Lock): Steps {
  lock.held = false;
  yield `unlock ${lock.name}`;
}

/** Runs the work as if nothing else ran meanwhile. Throws Deadlock if it waits for a lock. */
export function atomically<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (typeof step.value !== 'string') throw new Deadlock(step.value.waitsFor);
  }
}
