import type { Op, OpResult } from '../../../proto/gen/evtchnd/v1/op.ts';

/** Who makes an op of a batch, where that is not the batch's own caller. */
export interface Who {
  /** The domain that acts. */
  readonly caller?: number;
  /** The vCPU that acts. Default: 0, if `caller` is given. */
  readonly callerVcpu?: number;
  /** The argument pointer points into the hypervisor: the answer is EFAULT. */
  readonly badPointer?: boolean;
}

/** One op of a batch: data that says what to do, and how to read what comes back. */
export interface BatchOp<Out> {
  /** As traces and errors name it, such as 'bind_interdomain'. */
  readonly name: string;
  readonly message: Op;
  readonly read: (out: OpResult['out']) => Out;
}

type ProtoOp = NonNullable<Op['op']>;

export function batchOp<Case extends ProtoOp['$case'], Out>(
  $case: Case,
  value: Extract<ProtoOp, { $case: Case }>['value'],
  who: Who | undefined,
  read: (out: OpResult['out']) => Out,
): BatchOp<Out> {
  const message = { badPointer: who?.badPointer ?? false, op: { $case, value } } as Op;
  if (who?.caller !== undefined) message.caller = who.caller;
  if (who?.callerVcpu !== undefined) message.callerVcpu = who.callerVcpu;
  return { name: snakeCase($case), message, read };
}

const NAMES = new Map<string, string>();

function snakeCase(name: string): string {
  const known = NAMES.get(name);
  if (known !== undefined) return known;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  NAMES.set(name, snake);
  return snake;
}
