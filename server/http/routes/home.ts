import { Type } from 'typebox';
import { preferred } from '../accept.ts';
import type { HttpContext, HttpServer } from '../context.ts';
import { NAMES_TOLD_MAX } from '../limits.ts';
import { FAILURES, NoQuery } from '../schemas/common.ts';

/** What a visitor can go to from the root. */
const LINKS = {
  machines: '/v1/machines',
  docs: '/docs',
  openapi: '/openapi.json',
  metrics: '/metrics',
  live: '/healthz',
  ready: '/readyz',
} as const;

const HomeJson = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    links: Type.Record(Type.String(), Type.String()),
    machines: Type.Record(Type.String(), Type.String(), {
      description: `Where the first ${NAMES_TOLD_MAX} machines are.`,
    }),
  },
  {
    examples: [
      {
        name: 'evtchnd',
        version: '0.1.0',
        links: LINKS,
        machines: { default: '/v1/machines/default' },
      },
    ],
  },
);

const RESPONSE = {
  description: 'What there is.',
  content: {
    'application/json': { schema: HomeJson },
    'text/html': { schema: { type: 'string', examples: ['<!doctype html>…'] } },
  },
};

const HOME = {
  tags: ['service'],
  operationId: 'home',
  summary: 'Lists what there is',
  querystring: NoQuery,
  response: { 200: RESPONSE, ...FAILURES },
};

export function addHomeRoutes(app: HttpServer, context: HttpContext): void {
  app.get('/', { schema: HOME }, (request, reply) => {
    const type = preferred(request, ['application/json', 'text/html']);
    void reply.header('vary', 'accept').type(type);
    const machines = machineLinks(context);
    if (type === 'text/html') return reply.send(page(context.build.version, machines));
    return reply.send({
      name: 'evtchnd',
      version: context.build.version,
      links: LINKS,
      machines,
    });
  });
}

function machineLinks({ machines }: HttpContext): Record<string, string> {
  const served = machines.list().slice(0, NAMES_TOLD_MAX);
  return Object.fromEntries(
    served.map(({ name }) => [name, `${LINKS.machines}/${encodeURIComponent(name)}`]),
  );
}

function page(version: string, machines: Record<string, string>): string {
  const items = Object.entries(machines).map(
    ([name, href]) =>
      `<li><a href="${href}">${escape(name)}</a>: <a href="${href}/domains">domains</a>, ` +
      `<a href="${href}/debug-keys/e">ports</a>, <a href="${href}/effects">effects</a></li>`,
  );
  const links = Object.entries(LINKS).map(([name, href]) => `<a href="${href}">${name}</a>`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>evtchnd</title>
<h1>evtchnd ${escape(version)}</h1>
<p>Virtual Xen machines, served over gRPC; here they are to look at.</p>
<ul>${items.join('\n')}</ul>
<p>${links.join(' · ')}</p>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!);
