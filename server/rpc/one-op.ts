import type { handleUnaryCall } from '@grpc/grpc-js';

import { OP_ARGUMENTS, SHARED_INFO_GFN } from '../../core/index.ts';
import type { Op, OpName, OpOf, OutputOf } from '../../core/index.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { failureOf } from './failure.ts';
import { machineOf, unary } from './unary.ts';

/** What every request has that is one op; the op's arguments are fields of the same names. */
export interface OpRequest {
  readonly machine: string;
  readonly caller?: number | undefined;
  readonly callerVcpu?: number;
  readonly sharedInfo?: boolean;
}

/** A unary method that is one op: decode, execute, encode. */
export function oneOp<Name extends OpName, Request extends OpRequest, Response>(
  context: RpcContext,
  name: Name,
  defaultCaller: number,
  encode: (value: OutputOf<Name>) => Response,
): handleUnaryCall<Request, Response> {
  const args: readonly string[] = OP_ARGUMENTS[name];
  return unary(context, (request) => {
    const op = opOf(name, args, defaultCaller, request);
    return encode(perform(machineOf(context, request.machine), op));
  });
}

function opOf<Name extends OpName>(
  name: Name,
  args: readonly string[],
  defaultCaller: number,
  request: OpRequest,
): OpOf<Name> {
  const { caller = defaultCaller, callerVcpu = 0 } = request;
  const fields = request as unknown as Record<string, number | bigint>;
  const op: Record<string, string | number> = { op: name, caller, callerVcpu };
  for (const arg of args) op[arg] = Number(fields[arg]);
  if (request.sharedInfo === true) op['gfn'] = SHARED_INFO_GFN;
  return op as unknown as OpOf<Name>;
}

/** Executes an op whose failure is the call's. */
export function perform<Name extends OpName>(
  hosted: HostedMachine,
  op: OpOf<Name>,
): OutputOf<Name> {
  const answer = hosted.execute(op);
  if (answer.ok) return answer.value;
  throw failureOf(op as unknown as Op, answer)!;
}
