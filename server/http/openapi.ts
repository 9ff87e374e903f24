import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { Build, HttpServer } from './context.ts';
import { Problem } from './schemas/common.ts';
import { Domain } from './schemas/domain.ts';
import { Effect, Gap } from './schemas/effect.ts';
import { Machine } from './schemas/machine.ts';
import { Port } from './schemas/port.ts';
import { Vcpu } from './schemas/vcpu.ts';

const COMPONENTS = [Machine, Domain, Port, Vcpu, Effect, Gap, Problem];

const TAGS = [
  { name: 'machines', description: 'Virtual Xen hosts.' },
  { name: 'domains', description: 'The domains of a machine.' },
  { name: 'ports', description: 'The event channels of a domain.' },
  { name: 'vcpus', description: 'The vCPUs of a domain.' },
  { name: 'pages', description: 'What a domain shares with Xen, byte for byte.' },
  { name: 'effects', description: 'What came of ops, numbered and resumable.' },
  { name: 'service', description: 'The service itself.' },
];

/** Collects the routes that are added from here on into the document. */
export async function addOpenapi(app: HttpServer, build: Build): Promise<void> {
  for (const component of COMPONENTS) app.addSchema(component.schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'evtchnd',
        version: build.version,
        description:
          'Inspection of virtual Xen machines. It only shows: to act, use gRPC. Names are those of Xen.',
        license: { name: 'BSD-2-Clause', identifier: 'BSD-2-Clause' },
      },
      tags: TAGS,
    },
    refResolver: {
      buildLocalReference: (schema, _base, _fragment, index) =>
        typeof schema['$id'] === 'string' ? schema['$id'] : `schema-${index}`,
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}

/** Added last: the document is complete once all routes are there. */
export function addOpenapiRoute(app: HttpServer): void {
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}
