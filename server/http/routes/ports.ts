import { Type, type Static } from 'typebox';
import type { Machine, PortView } from '../../../core/index.ts';
import type { HttpContext, HttpServer } from '../context.ts';
import { PAGE_LIMIT_DEFAULT, PORTS_SCANNED_MAX } from '../limits.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { nextAfterJson, type Page } from '../paging.ts';
import { Problem } from '../problem.ts';
import { CLOSED, DomainParams, FAILURES, LIMIT, NoQuery, PORT } from '../schemas/common.ts';
import { PORT_STATES, Port, portJson } from '../schemas/port.ts';

const tags = ['ports'];

const PortParams = Type.Object({ ...DomainParams.properties, port: PORT });

const PortList = Type.Object(
  { ports: Type.Array(Port.ref), next_after: Type.Optional(PORT) },
  { description: 'Ports that are not free, by number.', examples: [{ ports: [Port.example] }] },
);

type PortState = (typeof PORT_STATES)[number];

const PortListQuery = Type.Object(
  {
    state: Type.Optional(
      Type.Unsafe<PortState>({
        type: 'string',
        enum: PORT_STATES.filter((state) => state !== 'free'),
        description: 'Only ports in this state.',
        examples: ['interdomain'],
      }),
    ),
    pending: Type.Optional(
      Type.Boolean({ description: 'Only ports that are, or are not, pending.', examples: [true] }),
    ),
    masked: Type.Optional(
      Type.Boolean({ description: 'Only ports that are, or are not, masked.', examples: [false] }),
    ),
    limit: LIMIT,
    after: Type.Optional(PORT),
  },
  CLOSED,
);

type PortFilter = Static<typeof PortListQuery>;

const LIST_PORTS = {
  tags,
  operationId: 'listPorts',
  summary: 'Lists the ports of a domain',
  description:
    'A page may hold fewer ports than `limit`, even none, and still have `next_after`: ' +
    `one request looks at ${PORTS_SCANNED_MAX} ports at most.`,
  params: DomainParams,
  querystring: PortListQuery,
  response: { 200: PortList, ...FAILURES },
};

const GET_PORT = {
  tags,
  operationId: 'getPort',
  summary: 'Shows one port, free or not',
  params: PortParams,
  querystring: NoQuery,
  response: { 200: Port.ref, ...FAILURES },
};

export function addPortRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines/:machine/domains/:dom/ports',
    { schema: LIST_PORTS },
    ({ params, query }) => {
      const served = findMachine(context, params.machine);
      findDomain(served, params.dom);
      const page = selectPorts(served.machine, params.dom, query);
      return { ports: page.items.map(portJson), ...nextAfterJson(page.nextAfter) };
    },
  );

  app.get(
    '/v1/machines/:machine/domains/:dom/ports/:port',
    { schema: GET_PORT },
    ({ params: { machine: name, dom, port } }) => {
      const served = findMachine(context, name);
      const { validPorts } = findDomain(served, dom);
      const view = served.machine.port(dom, port);
      if (view !== undefined) return portJson(view);

      throw new Problem(
        'no_such_port',
        `port ${port} is not valid in domain ${dom}: its ports are 0 to ${validPorts - 1}`,
      );
    },
  );
}

/** Ports read from the machine at a time while filtering. */
const CHUNK = 1024;

function selectPorts(machine: Machine, dom: number, filter: PortFilter): Page<PortView, number> {
  const items: PortView[] = [];
  const { limit = PAGE_LIMIT_DEFAULT } = filter;
  let from = (filter.after ?? -1) + 1;
  for (let scanned = 0; scanned < PORTS_SCANNED_MAX; scanned += CHUNK) {
    const chunk = machine.ports(dom, from, CHUNK);
    for (const view of chunk) {
      if (!passes(view, filter)) continue;
      // One more passes: only now is it certain that there is a next page.
      if (items.length === limit) return { items, nextAfter: items.at(-1)!.port };
      items.push(view);
    }
    if (chunk.length < CHUNK) return { items, nextAfter: undefined };
    from = chunk.at(-1)!.port + 1;
  }
  return { items, nextAfter: from - 1 };
}

function passes(view: PortView, { state, pending, masked }: PortFilter): boolean {
  return (
    (state === undefined || view.state === state) &&
    (pending === undefined || view.pending === pending) &&
    (masked === undefined || view.masked === masked)
  );
}
