import { RefusalReason } from '../../../proto/gen/evtchnd/v1/op.ts';
import type { OpResult } from '../../../proto/gen/evtchnd/v1/op.ts';
import { errnoName } from '../errno.ts';
import type { ErrnoName } from '../errno.ts';
import { RefusedError, XenError } from '../errors.ts';
import type { BatchOp } from './batch-op.ts';

/** What became of one op of a batch: its OUT parameters, an errno of Xen, or a refusal. */
export type Outcome<Out> = Done<Out> | Failed | Refused;

export interface Done<Out> {
  readonly ok: true;
  readonly op: string;
  readonly value: Out;
}

/** Xen's answer is an errno. */
export interface Failed {
  readonly ok: false;
  readonly op: string;
  readonly errno: ErrnoName;
  /** The hypercall's raw return value, such as -22. */
  readonly rc: number;
}

/** The op was not even tried, and changed nothing: no guest could have made it. */
export interface Refused {
  readonly ok: false;
  readonly op: string;
  /** NO_CALLER, CANNOT_RUN, BAD_ARGUMENT, LIMIT or RETIRED. */
  readonly refusal: string;
  readonly message: string;
}

/** The outcomes of a list of ops, each with the type of its op. */
export type Outcomes<Ops extends readonly BatchOp<unknown>[]> = {
  -readonly [Index in keyof Ops]: Ops[Index] extends BatchOp<infer Out> ? Outcome<Out> : never;
};

/** What an op gave, or the error that the same call outside of a batch would have thrown. */
export function unwrap<Out>(outcome: Outcome<Out>): Out {
  if (outcome.ok) return outcome.value;
  if ('refusal' in outcome) throw new RefusedError(outcome.refusal, outcome.message);
  const { op, errno, rc } = outcome;
  throw new XenError(errno, -rc, op, `${op}: ${errno}`);
}

export function outcomesOf<const Ops extends readonly BatchOp<unknown>[]>(
  ops: Ops,
  results: readonly OpResult[],
): Outcomes<Ops> {
  if (results.length !== ops.length) {
    throw new TypeError(`${results.length} results came for ${ops.length} ops`);
  }
  return ops.map((op, index) => outcomeOf(op, results[index]!)) as Outcomes<Ops>;
}

function outcomeOf<Out>({ name: op, read }: BatchOp<Out>, result: OpResult): Outcome<Out> {
  const { rc, refusal, out } = result;
  if (rc === 0) return { ok: true, op, value: read(out) };
  if (refusal !== undefined) {
    return { ok: false, op, refusal: refusalName(refusal.reason), message: refusal.message };
  }
  // A service that is newer may know an errno that this library does not.
  return { ok: false, op, errno: errnoName(-rc) ?? ('UNKNOWN' as ErrnoName), rc };
}

function refusalName(reason: RefusalReason): string {
  const found = Object.entries(RefusalReason).find(([, number]) => number === reason);
  return found?.[0] ?? 'UNSPECIFIED';
}
