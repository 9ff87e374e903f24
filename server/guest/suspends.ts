import type { SuspendMode } from '../../core/index.ts';
import type { DriverSession } from './driver-session.ts';
import type { Suspend } from './lifecycle-place.ts';

/** Who waits until the drivers of a domain are ready. */
interface Waiting extends Suspend {
  readonly drivers: Set<DriverSession>;
  readonly done: (notReady: readonly string[]) => void;
}

/** The suspends of a machine that were begun: one a domain. */
export class Suspends {
  readonly #begun = new Map<number, Suspend | Waiting>();
  #count = 0;

  get(dom: number): Suspend | undefined {
    return this.#begun.get(dom);
  }

  /**
   * A suspend that waits for its drivers, until `deadlineMs` from now. Answers who was not ready,
   * and why: nobody, if all were. `giveUp` ends the wait early.
   */
  wait(
    dom: number,
    mode: SuspendMode,
    deadlineMs: number,
    drivers: readonly DriverSession[],
  ): { notReady: Promise<readonly string[]>; giveUp: (why: string) => void } {
    const { promise, resolve } = Promise.withResolvers<readonly string[]>();
    const waiting: Waiting = {
      number: (this.#count += 1),
      mode,
      deadline: performance.now() + deadlineMs,
      drivers: new Set(drivers),
      done: resolve,
    };
    this.#begun.set(dom, waiting);
    const late = setTimeout(
      () => resolve([...waiting.drivers].map(({ driver }) => `${driver}: not ready in time`)),
      deadlineMs,
    );
    void promise.then(() => clearTimeout(late));
    if (drivers.length === 0) resolve([]);
    return { notReady: promise, giveUp: (why) => resolve([why]) };
  }

  /** A suspend was begun in the machine: by somebody who waits, or by an op. */
  begun(dom: number, mode: SuspendMode): Suspend {
    const suspend = this.#begun.get(dom) ?? {
      number: (this.#count += 1),
      mode,
      deadline: undefined,
    };
    this.#begun.set(dom, suspend);
    return suspend;
  }

  ended(dom: number): void {
    this.#begun.delete(dom);
  }

  /** A driver has answered. */
  answered(session: DriverSession, suspend: number, refusal: string | undefined): void {
    const waiting = this.#begun.get(session.dom);
    if (waiting?.number !== suspend || !('drivers' in waiting)) return;
    if (refusal !== undefined) waiting.done([`${session.driver}: ${refusal || 'refused'}`]);
    else this.#isReady(waiting, session);
  }

  /** A driver that is gone is in nobody's way. */
  left(session: DriverSession): void {
    const waiting = this.#begun.get(session.dom);
    if (waiting !== undefined && 'drivers' in waiting) this.#isReady(waiting, session);
  }

  #isReady({ drivers, done }: Waiting, session: DriverSession): void {
    drivers.delete(session);
    if (drivers.size === 0) done([]);
  }
}
