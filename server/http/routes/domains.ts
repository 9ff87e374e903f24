import { Type } from 'typebox';
import type { HttpContext, HttpServer } from '../context.ts';
import { PAGE_LIMIT_DEFAULT } from '../limits.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { firstPage, nextAfterJson } from '../paging.ts';
import {
  CLOSED,
  DOMID,
  DomainParams,
  FAILURES,
  LIMIT,
  MachineParams,
  NoQuery,
} from '../schemas/common.ts';
import { Domain, domainJson } from '../schemas/domain.ts';

const tags = ['domains'];

const DomainList = Type.Object(
  { domains: Type.Array(Domain.ref), next_after: Type.Optional(DOMID) },
  { description: 'Domains by domid.', examples: [{ domains: [Domain.example] }] },
);

const DomainListQuery = Type.Object({ limit: LIMIT, after: Type.Optional(DOMID) }, CLOSED);

const LIST_DOMAINS = {
  tags,
  operationId: 'listDomains',
  summary: 'Lists the domains of a machine',
  params: MachineParams,
  querystring: DomainListQuery,
  response: { 200: DomainList, ...FAILURES },
};

const GET_DOMAIN = {
  tags,
  operationId: 'getDomain',
  summary: 'Shows one domain',
  params: DomainParams,
  querystring: NoQuery,
  response: { 200: Domain.ref, ...FAILURES },
};

export function addDomainRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines/:machine/domains',
    { schema: LIST_DOMAINS },
    ({ params, query: { limit = PAGE_LIMIT_DEFAULT, after = -1 } }) => {
      const { machine } = findMachine(context, params.machine);
      const domains = machine.domains().filter(({ dom }) => dom > after);
      const page = firstPage(domains, limit, ({ dom }) => dom);
      return { domains: page.items.map(domainJson), ...nextAfterJson(page.nextAfter) };
    },
  );

  app.get('/v1/machines/:machine/domains/:dom', { schema: GET_DOMAIN }, ({ params }) =>
    domainJson(findDomain(findMachine(context, params.machine), params.dom)),
  );
}
