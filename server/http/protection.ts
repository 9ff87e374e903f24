import { getHeapStatistics } from 'node:v8';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { HttpServer } from './context.ts';
import {
  EVENT_LOOP_DELAY_MAX_MS,
  HEAP_USED_MAX_RATIO,
  RATE_ADDRESSES_MAX,
  RATE_WINDOW_MS,
  REQUESTS_PER_WINDOW_MAX,
  RETRY_AFTER_SECONDS,
} from './limits.ts';
import { Problem } from './problem.ts';

/** Asked by whoever watches over us, most of all when we are in trouble: never refused. */
const ALWAYS_ANSWERED: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics']);

const isAlwaysAnswered = (url: string): boolean => ALWAYS_ANSWERED.has(url.split('?', 1)[0] ?? '');

/** The names of a loopback address: all that we listen on. */
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Safe headers, a rate per client address, and refusal rather than delay under load. */
export async function addProtection(app: HttpServer): Promise<void> {
  // A page whose name was made to point at us asks under that name, and could read our answers.
  app.addHook('onRequest', async ({ hostname }) => {
    if (LOOPBACK_NAME.test(hostname)) return;
    throw new Problem('wrong_host', `ask for localhost or a loopback address, not "${hostname}"`);
  });
  await app.register(helmet, {
    // We speak plain HTTP, on loopback by default; whoever adds TLS in front adds these two.
    strictTransportSecurity: false,
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  await app.register(rateLimit, {
    max: REQUESTS_PER_WINDOW_MAX,
    timeWindow: RATE_WINDOW_MS,
    cache: RATE_ADDRESSES_MAX,
    enableDraftSpec: true,
    allowList: (request) => isAlwaysAnswered(request.url),
    errorResponseBuilder: (_request, { max, after }) =>
      new Problem('too_many_requests', `at most ${max} requests a minute: try again in ${after}`),
  });
  await app.register(underPressure, {
    maxEventLoopDelay: EVENT_LOOP_DELAY_MAX_MS,
    maxHeapUsedBytes: getHeapStatistics().heap_size_limit * HEAP_USED_MAX_RATIO,
    async pressureHandler(request, _reply, type) {
      if (isAlwaysAnswered(request.url)) return;
      throw new Problem(
        'overloaded',
        `refused to keep the machines going (${type}): try again later`,
        {
          'retry-after': String(RETRY_AFTER_SECONDS),
        },
      );
    },
  });
}
