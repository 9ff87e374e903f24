import { LIST_ARGUMENTS, OP_ARGUMENTS } from './op.ts';
import type { OpName } from './op.ts';

/** Who can make an op: see Machine.execute. */
export type OpFamily = 'hypercall' | 'memory' | 'toolstack' | 'guest' | 'hardware';

export interface OpInfo {
  readonly name: OpName;
  /** Its place in OP_ARGUMENTS: what the journal writes. */
  readonly code: number;
  readonly family: OpFamily;
  readonly args: readonly string[];
  /** The least and the greatest value that each argument can express. */
  readonly lows: readonly number[];
  readonly highs: readonly number[];
  /** Its only argument is a port. */
  readonly portOnly: boolean;
  /** The argument that is a list of numbers, if there is one. */
  readonly list: string | undefined;
}

/** The first op of each family, in the order of OP_ARGUMENTS. */
const FAMILY_STARTS: Partial<Record<OpName, OpFamily>> = {
  alloc_unbound: 'hypercall',
  m_mask: 'memory',
  create_domain: 'toolstack',
  intr_bind_local_port: 'guest',
  raise_virq: 'hardware',
};

/** Arguments where -1 means something: shared_info, the next free domid, none, an unknown op. */
const SIGNED: ReadonlySet<string> = new Set(['gfn', 'dom', 'newDom', 'precreate', 'cmd']);

const DOMID_MAX = 0xffff;

/** The greatest value of the arguments that have not 32 bits: domid_t, frame numbers, times. */
const HIGHS: Readonly<Record<string, number>> = {
  dom: DOMID_MAX,
  remoteDom: DOMID_MAX,
  target: DOMID_MAX,
  newDom: DOMID_MAX,
  gfn: 2 ** 64,
  timeout: 2 ** 64,
  ns: 2 ** 64,
};

export const OPS: readonly OpInfo[] = listOps();

const BY_NAME: ReadonlyMap<string, OpInfo> = new Map(OPS.map((info) => [info.name, info]));

/** The last op that was looked up: the next one is often the same. */
let last = OPS[0]!;

export function opInfo(name: string): OpInfo | undefined {
  if (name === last.name) return last;
  const info = BY_NAME.get(name);
  if (info !== undefined) last = info;
  return info;
}

function listOps(): OpInfo[] {
  let family: OpFamily = 'hypercall';
  return Object.entries(OP_ARGUMENTS).map(([name, args], code) => {
    family = FAMILY_STARTS[name as OpName] ?? family;
    const list = (LIST_ARGUMENTS as Partial<Record<string, string>>)[name];
    const lows = args.map((arg) => (SIGNED.has(arg) ? -1 : 0));
    const highs = args.map((arg) => HIGHS[arg] ?? 0xffff_ffff);
    const portOnly = args.length === 1 && args[0] === 'port';
    return { name: name as OpName, code, family, args, lows, highs, portOnly, list };
  });
}
