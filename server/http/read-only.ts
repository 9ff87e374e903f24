import type { HttpServer } from './context.ts';
import { Problem } from './problem.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** Refuses, before any body is read, every method that could ask for a change. */
export function addReadOnly(app: HttpServer): void {
  app.addHook('onRequest', async (request, reply) => {
    if (request.method === 'GET' || request.method === 'HEAD') return;
    if (request.method === 'OPTIONS') return reply.code(204).header('allow', ALLOW).send();

    const detail = `${request.method} is not served here: ask with ${ALLOW}, and act through gRPC`;
    // The body that may follow is not read, so the connection cannot be used again.
    throw new Problem('read_only', detail, { allow: ALLOW, connection: 'close' });
  });
}
