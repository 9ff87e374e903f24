import { setTimeout as delay } from 'node:timers/promises';

const FIRST_MS = 50;
const LONGEST_MS = 1_000;

/** Waits between attempts, longer each time, until `patienceMs` are over. */
export class Backoff {
  readonly #patienceMs: number;
  #since = performance.now();
  #nextMs = FIRST_MS;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** False: the time is over. Waiting ends early with false when `signal` fires. */
  async wait(signal?: AbortSignal): Promise<boolean> {
    const elapsed = performance.now() - this.#since;
    if (elapsed + this.#nextMs > this.#patienceMs) return false;
    // A part by chance, so that many clients of one service do not come back at one time.
    const waitMs = this.#nextMs * (0.5 + Math.random() / 2);
    this.#nextMs = Math.min(this.#nextMs * 2, LONGEST_MS);
    await delay(waitMs, undefined, { signal }).catch(() => undefined);
    return signal?.aborted !== true;
  }

  /** It went well: the next failure starts anew. */
  reset(): void {
    this.#since = performance.now();
    this.#nextMs = FIRST_MS;
  }
}
