import Fastify, { LogController, type FastifyBaseLogger } from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Metrics } from '../metrics.ts';
import type { Build, HttpContext, HttpServer, Readiness } from './context.ts';
import { EffectStreams } from './effects/effect-streams.ts';
import { addErrors, answerClientError, answerError, describeInvalid } from './errors.ts';
import { LargeAnswers } from './large-answers.ts';
import {
  BODY_BYTES_MAX,
  CONNECTIONS_MAX,
  HEADERS_TIMEOUT_MS,
  HEADER_BYTES_MAX,
  KEEP_ALIVE_TIMEOUT_MS,
  REQUEST_TIMEOUT_MS,
  STREAM_LIMITS,
  TIMEOUT_CHECK_MS,
  type StreamLimits,
} from './limits.ts';
import { addOpenapi, addOpenapiRoute } from './openapi.ts';
import { addProtection } from './protection.ts';
import { addReadOnly } from './read-only.ts';
import { addRoutes } from './routes/index.ts';
import type { ServedMachines } from './served.ts';

export interface HttpServerOptions {
  readonly machines: ServedMachines;
  readonly metrics: Metrics;
  readonly log: FastifyBaseLogger;
  readonly build: Build;
  readonly readiness: () => Readiness;
  readonly limits?: Partial<StreamLimits>;
}

/** Builds the inspection server, ready to listen. `close()` ends its effect streams first. */
export async function buildHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { machines, metrics, build, readiness } = options;
  const limits = { ...STREAM_LIMITS, ...options.limits };
  const streams = new EffectStreams(metrics, limits);
  const largeAnswers = new LargeAnswers();
  const context: HttpContext = { machines, metrics, build, readiness, streams, largeAnswers };
  const app = createFastify(options.log, limits);

  addRequestMetrics(app, metrics);
  metrics.observeMachines(() => machines.list());
  app.addHook('preClose', async () => streams.close());
  addReadOnly(app);
  await addProtection(app);
  addErrors(app);
  await addOpenapi(app, build);
  addRoutes(app, context);
  addOpenapiRoute(app);
  await app.ready();
  return app;
}

function createFastify(loggerInstance: FastifyBaseLogger, { stalledMs }: StreamLimits): HttpServer {
  const app = Fastify({
    loggerInstance,
    // What succeeds is counted, not logged.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionTimeout: stalledMs,
    http: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    // Unknown query parameters are mistakes to report, and `verbose` lets the report be exact.
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: true,
        verbose: true,
        allowUnionTypes: true,
      },
    },
    schemaErrorFormatter: describeInvalid,
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.maxConnections = CONNECTIONS_MAX;
  return app;
}

function addRequestMetrics(app: HttpServer, metrics: Metrics): void {
  app.addHook('onResponse', async (request, reply) => {
    // The route's pattern, not the URL: clients must not be able to make up new labels.
    const route = request.routeOptions.url ?? 'none';
    metrics.httpRequest(route, reply.statusCode, reply.elapsedTime / 1000);
  });
}
