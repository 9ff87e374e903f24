import { Type } from 'typebox';
import { SHARED_INFO_GFN } from '../../../core/index.ts';
import type { HttpContext, HttpServer } from '../context.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { DomainParams, FAILURES, NoQuery } from '../schemas/common.ts';
import { hex } from '../schemas/hex.ts';
import { decodeSharedInfo, type DecodedVcpuInfo } from '../shared-info.ts';

const Runs = Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 }), {
  description: 'Ports whose bit is set, as runs [first, last].',
});

const VcpuInfo = Type.Object({
  vcpu: Type.Integer(),
  upcall_pending: Type.Integer(),
  upcall_mask: Type.Optional(Type.Integer()),
  pending_sel: Type.String(),
});

const SharedInfo = Type.Object(
  { word_bits: Type.Integer(), pending: Runs, masked: Runs, vcpu_info: Type.Array(VcpuInfo) },
  {
    description:
      'What event channels keep in shared_info. Bits of free ports count too, and a FIFO guest leaves them as they were.',
    examples: [
      {
        word_bits: 64,
        pending: [[3, 3]],
        masked: [[0, 2]],
        vcpu_info: [{ vcpu: 0, upcall_pending: 1, upcall_mask: 1, pending_sel: '0x1' }],
      },
    ],
  },
);

const GET_SHARED_INFO = {
  tags: ['pages'],
  operationId: 'getSharedInfo',
  summary: 'Shows the shared_info page of a domain, decoded',
  params: DomainParams,
  querystring: NoQuery,
  response: { 200: SharedInfo, ...FAILURES },
};

export function addSharedInfoRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines/:machine/domains/:dom/shared-info',
    { schema: GET_SHARED_INFO },
    ({ params: { machine: name, dom } }) => {
      const served = findMachine(context, name);
      const { guest, vcpus } = findDomain(served, dom);
      const page = served.machine.page(dom, SHARED_INFO_GFN)!;
      const { wordBits, pending, masked, vcpuInfo } = decodeSharedInfo(page, guest, vcpus);
      return { word_bits: wordBits, pending, masked, vcpu_info: vcpuInfo.map(vcpuInfoJson) };
    },
  );
}

function vcpuInfoJson({ vcpu, upcallPending, upcallMask, pendingSel }: DecodedVcpuInfo) {
  return {
    vcpu,
    upcall_pending: upcallPending,
    ...(upcallMask === undefined ? {} : { upcall_mask: upcallMask }),
    pending_sel: hex(pendingSel),
  };
}
