import { Type } from 'typebox';
import type { HttpContext, HttpServer } from '../context.ts';
import { Problem } from '../problem.ts';
import { FAILURES, NoQuery, text } from '../schemas/common.ts';

const tags = ['service'];

const Health = Type.Object(
  { status: Type.String(), version: Type.String(), commit: Type.Optional(Type.String()) },
  { description: 'The service answers.', examples: [{ status: 'ok', version: '0.1.0' }] },
);

const METRICS_EXAMPLE = `# HELP evtchnd_machines Machines hosted.
# TYPE evtchnd_machines gauge
evtchnd_machines 1
`;

const LIVE = {
  tags,
  operationId: 'live',
  summary: 'Whether the process is alive',
  querystring: NoQuery,
  response: { 200: Health, ...FAILURES },
};

const READY = {
  tags,
  operationId: 'ready',
  summary: 'Whether new work is welcome: 503 while starting and while draining',
  querystring: NoQuery,
  response: { 200: Health, ...FAILURES },
};

const METRICS = {
  tags,
  operationId: 'metrics',
  summary: 'Metrics for Prometheus',
  querystring: NoQuery,
  response: { 200: text('The text exposition format.', METRICS_EXAMPLE), ...FAILURES },
};

export function addHealthRoutes(app: HttpServer, context: HttpContext): void {
  const answer = (status: string) => ({ status, ...context.build });

  app.get('/healthz', { schema: LIVE }, () => answer('ok'));

  app.get('/readyz', { schema: READY }, () => {
    const readiness = context.readiness();
    if (readiness === 'ready') return answer('ready');
    throw new Problem('not_ready', `the server is ${readiness}: it takes no new work`);
  });

  app.get('/metrics', { schema: METRICS }, async (_request, reply) => {
    const { register } = context.metrics;
    return reply.type(register.contentType).send(await register.metrics());
  });
}
