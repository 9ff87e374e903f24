import { Type } from 'typebox';
import type { HttpContext, HttpServer } from '../context.ts';
import { PAGE_LIMIT_DEFAULT } from '../limits.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { firstPage, nextAfterJson } from '../paging.ts';
import { Problem } from '../problem.ts';
import { CLOSED, DomainParams, FAILURES, LIMIT, NoQuery, VCPU } from '../schemas/common.ts';
import { Vcpu, vcpuJson } from '../schemas/vcpu.ts';

const tags = ['vcpus'];

const VcpuParams = Type.Object({ ...DomainParams.properties, vcpu: VCPU });

const VcpuList = Type.Object(
  { vcpus: Type.Array(Vcpu.ref), next_after: Type.Optional(VCPU) },
  { description: 'vCPUs by index.', examples: [{ vcpus: [Vcpu.example] }] },
);

const VcpuListQuery = Type.Object({ limit: LIMIT, after: Type.Optional(VCPU) }, CLOSED);

const LIST_VCPUS = {
  tags,
  operationId: 'listVcpus',
  summary: 'Lists the vCPUs of a domain',
  params: DomainParams,
  querystring: VcpuListQuery,
  response: { 200: VcpuList, ...FAILURES },
};

const GET_VCPU = {
  tags,
  operationId: 'getVcpu',
  summary: 'Shows one vCPU',
  params: VcpuParams,
  querystring: NoQuery,
  response: { 200: Vcpu.ref, ...FAILURES },
};

export function addVcpuRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines/:machine/domains/:dom/vcpus',
    { schema: LIST_VCPUS },
    ({ params: { machine: name, dom }, query: { limit = PAGE_LIMIT_DEFAULT, after = -1 } }) => {
      const served = findMachine(context, name);
      const { vcpus: count } = findDomain(served, dom);
      const indexes = Array.from(
        { length: Math.max(0, count - after - 1) },
        (_, index) => after + 1 + index,
      );
      const page = firstPage(indexes, limit, (vcpu) => vcpu);
      const vcpus = page.items.map((vcpu) => vcpuJson(served.machine.vcpu(dom, vcpu)!));
      return { vcpus, ...nextAfterJson(page.nextAfter) };
    },
  );

  app.get(
    '/v1/machines/:machine/domains/:dom/vcpus/:vcpu',
    { schema: GET_VCPU },
    ({ params: { machine: name, dom, vcpu } }) => {
      const served = findMachine(context, name);
      const { vcpus } = findDomain(served, dom);
      const view = served.machine.vcpu(dom, vcpu);
      if (view !== undefined) return vcpuJson(view);

      throw new Problem(
        'no_such_vcpu',
        `domain ${dom} has no vCPU ${vcpu}: its vCPUs are 0 to ${vcpus - 1}`,
      );
    },
  );
}
