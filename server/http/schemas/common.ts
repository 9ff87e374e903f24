import { Type, type Static, type TObject, type TProperties } from 'typebox';
import {
  DOMID_FIRST_RESERVED,
  EVTCHN_FIFO_NR_CHANNELS,
  SHARED_INFO_GFN,
  VCPUS_MAX,
} from '../../../core/index.ts';
import { PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX } from '../limits.ts';
import { PROBLEM_JSON } from '../problem.ts';

/**
 * A schema that the document lists by name, with an example. Routes use its `ref`, which keeps
 * its type for the handlers.
 */
export function component<Properties extends TProperties>(
  $id: string,
  description: string,
  properties: Properties,
  example: Static<TObject<Properties>>,
) {
  const schema = Type.Object(properties, { $id, description, examples: [example] });
  return { schema, example, ref: Type.Unsafe<Static<typeof schema>>({ $ref: `${$id}#` }) };
}

export const MACHINE_NAME = Type.String({
  minLength: 1,
  maxLength: 100,
  description: 'Name of a machine.',
  examples: ['default'],
});

const DOMID_MAX = DOMID_FIRST_RESERVED - 1;
export const DOMID = Type.Integer({
  minimum: 0,
  maximum: DOMID_MAX,
  description: `domid_t of an ordinary domain: 0 to ${DOMID_MAX}.`,
  examples: [1],
});

export const PORT = Type.Integer({
  minimum: 0,
  maximum: EVTCHN_FIFO_NR_CHANNELS - 1,
  description: `evtchn_port_t: 0 to ${EVTCHN_FIFO_NR_CHANNELS - 1}.`,
  examples: [3],
});

export const VCPU = Type.Integer({
  minimum: 0,
  maximum: VCPUS_MAX - 1,
  description: `Index of a vCPU in its domain: 0 to ${VCPUS_MAX - 1}.`,
  examples: [0],
});

/** How the page outside a guest's own memory is called where others have a frame number. */
export const SHARED_INFO = 'shared_info';

/** An integer or that name; in JSON Schema of 2020-12 a type may be a list. */
export const GFN = Type.Unsafe<number | typeof SHARED_INFO>({
  type: ['integer', 'string'],
  description: 'Guest frame number, or "shared_info".',
  examples: [7],
});

export const gfnJson = (gfn: number): number | typeof SHARED_INFO =>
  gfn === SHARED_INFO_GFN ? SHARED_INFO : gfn;

export const CLOSED = { additionalProperties: false } as const;

export const NoQuery = Type.Object({}, CLOSED);
export const MachineParams = Type.Object({ machine: MACHINE_NAME });
export const DomainParams = Type.Object({ machine: MACHINE_NAME, dom: DOMID });

export const LIMIT = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: PAGE_LIMIT_MAX,
    default: PAGE_LIMIT_DEFAULT,
    description: `Most entries to answer: 1 to ${PAGE_LIMIT_MAX}.`,
    examples: [PAGE_LIMIT_DEFAULT],
  }),
);

export const Problem = component(
  'Problem',
  'An error, as RFC 9457 wants it.',
  {
    type: Type.String({ description: 'What went wrong, as a URN to compare with.' }),
    title: Type.String(),
    status: Type.Integer({ description: 'The HTTP status once more.' }),
    detail: Type.String({ description: 'What was wrong, and what would be right.' }),
  },
  {
    type: 'urn:evtchnd:problem:no_such_domain',
    title: 'There is no such domain',
    status: 404,
    detail: 'machine "default" has no domain 7: it has 0, 1, 2',
  },
);

/** The part of every route's `response` that says how it fails. */
export const FAILURES = {
  '4xx': {
    description: 'The request is wrong: `detail` says how, and what would be right.',
    content: { [PROBLEM_JSON]: { schema: Problem.ref } },
  },
  '5xx': {
    description: 'The server cannot answer now.',
    content: { [PROBLEM_JSON]: { schema: Problem.ref } },
  },
} as const;

/** A response in plain text, with what it looks like. */
export const text = (description: string, example: string, type = 'text/plain') => ({
  description,
  content: { [type]: { schema: { type: 'string', examples: [example] } } },
});
