import { Readable } from 'node:stream';
import type { HttpContext, HttpServer } from '../context.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { DomainParams, FAILURES, MachineParams, NoQuery, text } from '../schemas/common.ts';
import type { ServedMachine } from '../served.ts';

const tags = ['ports'];

const HEADING = "'e' pressed -> dumping event-channel info\n";

const EXAMPLE = `${HEADING}Event channel information for domain 1:
Polling vCPUs: {}
    port [p/m/s]
       3 [1/0/0]: s=3 n=0 x=0 d=0 p=15
`;

const RESPONSE = { 200: text('As Xen prints it on its console.', EXAMPLE), ...FAILURES };

const DEBUG_KEY_E = {
  tags,
  operationId: 'debugKeyE',
  summary: "Shows every port of every domain as Xen's debug key 'e' does",
  params: MachineParams,
  querystring: NoQuery,
  response: RESPONSE,
};

const DEBUG_KEY_E_OF_DOMAIN = {
  tags,
  operationId: 'debugKeyEOfDomain',
  summary: "Shows the ports of a domain as Xen's debug key 'e' does",
  params: DomainParams,
  querystring: NoQuery,
  response: RESPONSE,
};

export function addDebugKeyRoutes(app: HttpServer, context: HttpContext): void {
  app.get('/v1/machines/:machine/debug-keys/e', { schema: DEBUG_KEY_E }, ({ params }, reply) => {
    const served = findMachine(context, params.machine);
    context.largeAnswers.admit(reply);
    return reply.type('text/plain').send(Readable.from(allDomains(served), { highWaterMark: 1 }));
  });

  app.get(
    '/v1/machines/:machine/domains/:dom/debug-keys/e',
    { schema: DEBUG_KEY_E_OF_DOMAIN },
    ({ params: { machine: name, dom } }, reply) => {
      const served = findMachine(context, name);
      findDomain(served, dom);
      context.largeAnswers.admit(reply);
      return reply.type('text/plain').send(served.machine.debugKeyE(dom));
    },
  );
}

/** A domain at a time, as fast as the client reads: a full machine's text would be gigabytes. */
function* allDomains({ machine }: ServedMachine): Generator<string> {
  yield HEADING;
  for (const { dom } of machine.domains()) {
    // The client may have been slow: meanwhile the domain can be gone.
    if (machine.domain(dom) !== undefined) yield withoutHeading(machine.debugKeyE(dom));
  }
}

/** The first line says that the key was pressed: once is enough. */
const withoutHeading = (shown: string): string => shown.slice(shown.indexOf('\n') + 1);
