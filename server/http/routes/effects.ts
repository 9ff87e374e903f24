import { Readable } from 'node:stream';
import { Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import { preferred } from '../accept.ts';
import type { HttpContext, HttpServer } from '../context.ts';
import { effectEvent, gapEvent, restartEvent } from '../effects/sse.ts';
import { PAGE_LIMIT_DEFAULT } from '../limits.ts';
import { findMachine } from '../lookup.ts';
import { Problem } from '../problem.ts';
import { CLOSED, FAILURES, LIMIT, MachineParams } from '../schemas/common.ts';
import { Effect, Gap } from '../schemas/effect.ts';
import type { ServedMachine } from '../served.ts';

const EVENT_STREAM = 'text/event-stream';
const JSON_TYPE = 'application/json';

const EffectsQuery = Type.Object(
  {
    from: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'Sequence number of the first effect.',
        examples: [1],
      }),
    ),
    limit: LIMIT,
  },
  CLOSED,
);

const EffectsHeaders = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({
      description: 'What an EventSource sends when it reconnects: goes on behind it.',
      examples: ['41'],
    }),
  ),
});

const EffectList = Type.Object(
  {
    gap: Type.Optional(Gap.ref),
    effects: Type.Array(Effect.ref),
    next: Type.Integer({ description: 'Give it as `from` to read on.' }),
    last_sequence: Type.Integer(),
  },
  { examples: [{ effects: [Effect.example], next: 8, last_sequence: 7 }] },
);

const STREAM_EXAMPLE =
  gapEvent({ from: 1, to: 6 }) + effectEvent({ ...Effect.example, kind: 'pending' });

const RESPONSE = {
  description: 'A stream of events `effect` and `gap`, or a page of effects.',
  content: {
    [EVENT_STREAM]: { schema: { type: 'string', examples: [STREAM_EXAMPLE] } },
    [JSON_TYPE]: { schema: EffectList },
  },
};

const EFFECTS = {
  tags: ['effects'],
  operationId: 'effects',
  summary: 'What came of the ops of a machine: live, or page by page',
  description:
    'As a stream it begins with the next effect, unless `from` or Last-Event-ID says otherwise; as JSON with ' +
    'the oldest that is kept. A reader that comes too late gets one `gap`, and goes on from there.',
  params: MachineParams,
  querystring: EffectsQuery,
  headers: EffectsHeaders,
  response: { 200: RESPONSE, ...FAILURES },
};

export function addEffectRoutes(app: HttpServer, context: HttpContext): void {
  app.get('/v1/machines/:machine/effects', { schema: EFFECTS }, (request, reply) => {
    const served = findMachine(context, request.params.machine);
    const type = preferred(request, [EVENT_STREAM, JSON_TYPE]);
    void reply.header('vary', 'accept').type(type);
    const { from, limit = PAGE_LIMIT_DEFAULT } = request.query;
    checkFrom(served, from);
    if (type === JSON_TYPE) return reply.send(readPage(served, from, limit));

    // The response ends with the stream, and the connection with it.
    void reply.headers({
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      connection: 'close',
    });
    if (request.method === 'HEAD') return reply.send(Readable.from([]));
    return reply.send(
      context.streams.open({ served, address: request.ip, ...startOf(request, served, from) }),
    );
  });
}

function readPage(
  { machine: { outbox } }: ServedMachine,
  from = outbox.firstSequence,
  limit: number,
) {
  const { gap, effects, next } = outbox.read(from, limit);
  return {
    ...(gap === undefined ? {} : { gap }),
    effects: [...effects],
    next,
    last_sequence: outbox.lastSequence,
  };
}

/** An effect that is far from having happened is a mistake, or of another machine. */
function checkFrom({ name, machine: { outbox } }: ServedMachine, from: number | undefined): void {
  const next = outbox.lastSequence + 1;
  if (from === undefined || from <= next) return;
  throw new Problem(
    'bad_argument',
    `from is ${from}, but the next effect of "${name}" is ${next}: give that at most`,
  );
}

function startOf(
  { headers }: FastifyRequest,
  { machine: { outbox } }: ServedMachine,
  from: number | undefined,
): { from: number; preamble?: string } {
  const lastEventId = headers['last-event-id'];
  // A reconnecting EventSource repeats its first URL, so the header tells more than `from`.
  if (typeof lastEventId !== 'string' || lastEventId === '')
    return { from: from ?? outbox.lastSequence + 1 };

  const last = /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : undefined;
  if (last === undefined) {
    throw new Problem(
      'bad_argument',
      `Last-Event-ID is "${lastEventId.slice(0, 80)}": give the id of an event, a sequence number`,
    );
  }
  if (last <= outbox.lastSequence) return { from: last + 1 };
  return { from: outbox.firstSequence, preamble: restartEvent(last, outbox.lastSequence) };
}
