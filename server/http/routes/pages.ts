import { Type, type Static } from 'typebox';
import { SHARED_INFO_GFN, type DomainView } from '../../../core/index.ts';
import { preferred } from '../accept.ts';
import type { HttpContext, HttpServer } from '../context.ts';
import { hexdump } from '../hexdump.ts';
import { PAGE_LIMIT_DEFAULT } from '../limits.ts';
import { findDomain, findMachine } from '../lookup.ts';
import { pageUses, type PageUse } from '../page-uses.ts';
import { firstPage, nextAfterJson } from '../paging.ts';
import { Problem } from '../problem.ts';
import {
  CLOSED,
  DomainParams,
  FAILURES,
  GFN,
  LIMIT,
  SHARED_INFO,
  gfnJson,
} from '../schemas/common.ts';

const tags = ['pages'];

const Use = Type.Object({
  use: Type.String({ enum: ['shared_info', 'vcpu_info', 'control_block', 'event_array'] }),
  vcpu: Type.Optional(Type.Integer({ description: 'vcpu_info, control_block: whose.' })),
  offset: Type.Optional(
    Type.Integer({ description: 'vcpu_info, control_block: where in the page.' }),
  ),
  first_port: Type.Optional(
    Type.Integer({ description: 'event_array: the port of its first word.' }),
  ),
});

const SharedPage = Type.Object({ gfn: GFN, uses: Type.Array(Use) });

const PageList = Type.Object(
  { pages: Type.Array(SharedPage), next_after: Type.Optional(GFN) },
  {
    description: 'Pages that are shared with Xen.',
    examples: [
      {
        pages: [
          { gfn: SHARED_INFO, uses: [{ use: 'shared_info' }] },
          { gfn: 7, uses: [{ use: 'control_block', vcpu: 0, offset: 0 }] },
        ],
      },
    ],
  },
);

const PageListQuery = Type.Object({ limit: LIMIT, after: Type.Optional(GFN) }, CLOSED);

/** `gfn` is text here: parseGfn says better than a pattern could what would be right. */
const PageParams = Type.Object({
  ...DomainParams.properties,
  gfn: Type.String({
    maxLength: 20,
    description: `Guest frame number, or "${SHARED_INFO}".`,
    examples: [SHARED_INFO],
  }),
});

const FORMATS = {
  raw: 'application/octet-stream',
  hex: 'text/plain',
  json: 'application/json',
} as const;
type Format = keyof typeof FORMATS;

const PageQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Unsafe<Format>({
        type: 'string',
        enum: Object.keys(FORMATS),
        description: 'Instead of the Accept header.',
        examples: ['hex'],
      }),
    ),
  },
  CLOSED,
);

const PageJson = Type.Object(
  {
    gfn: GFN,
    size: Type.Integer(),
    hex: Type.String({ description: 'Two digits a byte, in order of address.' }),
  },
  { examples: [{ gfn: 7, size: 4096, hex: '00000080…' }] },
);

const PAGE_RESPONSE = {
  description: 'The 4096 bytes of the page.',
  content: {
    [FORMATS.raw]: {
      schema: { type: 'string', contentEncoding: 'binary', examples: ['(4096 bytes)'] },
    },
    [FORMATS.hex]: { schema: { type: 'string', examples: [hexdump(new Uint8Array(4096))] } },
    [FORMATS.json]: { schema: PageJson },
  },
};

const LIST_PAGES = {
  tags,
  operationId: 'listPages',
  summary: 'Lists the pages that a domain shares with Xen, and what they hold',
  params: DomainParams,
  querystring: PageListQuery,
  response: { 200: PageList, ...FAILURES },
};

const GET_PAGE = {
  tags,
  operationId: 'getPage',
  summary: 'Shows the bytes of any page of a domain',
  params: PageParams,
  querystring: PageQuery,
  response: { 200: PAGE_RESPONSE, ...FAILURES },
};

export function addPageRoutes(app: HttpServer, context: HttpContext): void {
  app.get(
    '/v1/machines/:machine/domains/:dom/pages',
    { schema: LIST_PAGES },
    ({ params: { machine: name, dom }, query: { limit = PAGE_LIMIT_DEFAULT, after } }) => {
      const served = findMachine(context, name);
      const domain = findDomain(served, dom);
      const behind = after === undefined ? SHARED_INFO_GFN - 1 : parseGfn(String(after), domain);
      const pages = [...pageUses(served.machine, domain)].filter(([gfn]) => gfn > behind);
      const page = firstPage(pages, limit, ([gfn]) => gfnJson(gfn));
      return { pages: page.items.map(pageJson), ...nextAfterJson(page.nextAfter) };
    },
  );

  app.get(
    '/v1/machines/:machine/domains/:dom/pages/:gfn',
    { schema: GET_PAGE },
    (request, reply) => {
      const { machine: name, dom } = request.params;
      const served = findMachine(context, name);
      const domain = findDomain(served, dom);
      const gfn = parseGfn(request.params.gfn, domain);
      const bytes = served.machine.page(dom, gfn);
      if (bytes === undefined) throw noSuchPage(request.params.gfn, domain);

      const { format } = request.query;
      const type =
        format === undefined
          ? preferred(request, [FORMATS.raw, FORMATS.hex, FORMATS.json])
          : FORMATS[format];
      void reply.header('vary', 'accept').type(type);
      return reply.send(represent(bytes, gfn, type));
    },
  );
}

function represent(bytes: Uint8Array, gfn: number, type: (typeof FORMATS)[Format]): unknown {
  if (type === FORMATS.hex) return hexdump(bytes);
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (type === FORMATS.raw) return buffer;
  return { gfn: gfnJson(gfn), size: bytes.length, hex: buffer.toString('hex') };
}

function parseGfn(text: string, domain: DomainView): number {
  if (text === SHARED_INFO) return SHARED_INFO_GFN;
  if (/^(\d{1,10}|0x[\da-f]{1,8})$/i.test(text)) return Number(text);

  throw new Problem('bad_argument', `"${text}" is no frame number: ${whatFrames(domain)}`);
}

function noSuchPage(text: string, domain: DomainView): Problem {
  return new Problem(
    'no_such_page',
    `domain ${domain.dom} has no frame ${text}: ${whatFrames(domain)}`,
  );
}

const whatFrames = ({ dom, pages }: DomainView): string =>
  `those of domain ${dom} are 0 to ${pages - 1} (decimal, or hexadecimal with 0x) and "${SHARED_INFO}"`;

function pageJson([gfn, uses]: [number, PageUse[]]): Static<typeof SharedPage> {
  return { gfn: gfnJson(gfn), uses: uses.map(useJson) };
}

function useJson(use: PageUse): Static<typeof Use> {
  if (use.use === 'event_array') return { use: use.use, first_port: use.firstPort };
  return use;
}
