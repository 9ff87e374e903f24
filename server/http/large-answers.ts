import type { FastifyReply } from 'fastify';
import { LARGE_ANSWERS_MAX, RETRY_AFTER_SECONDS } from './limits.ts';
import { Problem } from './problem.ts';

/** Counts the answers that may be large, so that clients who read slowly cannot fill the memory. */
export class LargeAnswers {
  #onTheirWay = 0;

  /** Throws a Problem when too many are on their way; else counts this one until it is over. */
  admit(reply: FastifyReply): void {
    if (this.#onTheirWay >= LARGE_ANSWERS_MAX) {
      const detail = `${LARGE_ANSWERS_MAX} journals and port dumps are on their way: try again later`;
      throw new Problem('too_many_downloads', detail, {
        'retry-after': String(RETRY_AFTER_SECONDS),
      });
    }
    this.#onTheirWay += 1;
    reply.raw.once('close', () => {
      this.#onTheirWay -= 1;
    });
  }
}
