import type { handleUnaryCall } from '@grpc/grpc-js';

import { errnoOf } from '../../core/index.ts';
import type { Op, OpName, OpOf, OutputOf } from '../../core/index.ts';
import { HandlerKind } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { Handler } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { DriverHub, guestEnded } from '../guest/driver-hub.ts';
import { faultText } from '../guest/guest-messages.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { failureOf, refused } from './failure.ts';
import { machineOf, unary } from './unary.ts';

/** What every call into a kernel has. */
export interface GuestRequest {
  readonly machine: string;
  readonly dom: number;
}

interface BindRequest extends GuestRequest {
  readonly handler: Handler | undefined;
}

type GuestOpName = Extract<OpName, `intr_${string}`>;
type BindOpName = Extract<
  GuestOpName,
  | 'intr_bind_local_port'
  | 'intr_alloc_and_bind_local_port'
  | 'intr_bind_remote_port'
  | 'intr_bind_virq'
  | 'intr_alloc_and_bind_ipi'
>;

/** What an op has besides the arguments that are its own. */
type Own<Name extends GuestOpName> = Omit<
  OpOf<Name>,
  'op' | 'caller' | 'callerVcpu' | 'ptr' | 'token' | 'filter' | 'ithread' | 'thread'
>;

/** A function of the layer that binds: answers the handle and its port. */
export const bindOp = <Name extends BindOpName, Request extends BindRequest>(
  context: RpcContext,
  name: Name,
  argsOf: (request: Request) => Omit<Own<Name>, 'handle'>,
): handleUnaryCall<Request, { handle: number; port: number }> =>
  unary(context, (request) => {
    const hosted = machineOf(context, request.machine);
    const { dom } = request;
    const handler = handlerArguments(request.handler);
    const value = callGuest(hosted, dom, name, { ...argsOf(request), ...handler, handle: 0 });
    const handle = value.handle!;
    DriverHub.of(hosted).bound(dom, handle, handler.token);
    return { handle, port: hosted.machine.guestSource(dom, handle)?.port ?? 0 };
  });

/** Any other function of the layer. */
export const guestOp = <Name extends GuestOpName, Request extends GuestRequest, Response>(
  context: RpcContext,
  name: Name,
  argsOf: (request: Request, hosted: HostedMachine) => Own<Name>,
  encode: (value: OutputOf<Name>, request: Request, hosted: HostedMachine) => Response,
): handleUnaryCall<Request, Response> =>
  unary(context, (request) => {
    const hosted = machineOf(context, request.machine);
    const value = callGuest(hosted, request.dom, name, argsOf(request, hosted));
    return encode(value as OutputOf<Name>, request, hosted);
  });

/** Calls into a kernel, straight through. A guest that it ends is the call's failure. */
export function callGuest(
  hosted: HostedMachine,
  dom: number,
  name: GuestOpName,
  args: object,
): { readonly handle?: number } {
  const op = { ...args, op: name, caller: dom, thread: 0 } as unknown as Op;
  const answer = hosted.execute(op);
  if (answer.ok) return answer.value as { handle?: number };
  const dead = errnoOf(answer) === 'EFAULT' && hosted.machine.guest(dom)?.dead;
  if (dead) throw guestEnded(dom, `${dead.kind}: ${faultText(dead)}`);
  throw failureOf(op, answer)!;
}

/** A handler as the arguments of an op; absent: none yet. */
export function handlerArguments(handler: Handler | undefined): {
  token: number;
  filter: number;
  ithread: number;
} {
  if (handler === undefined) return { token: 0, filter: 0, ithread: 0 };
  const { token, kind } = handler;
  switch (kind) {
    case HandlerKind.UNSPECIFIED:
    case HandlerKind.ITHREAD:
      return { token, filter: 0, ithread: 1 };
    case HandlerKind.FILTER:
      return { token, filter: 1, ithread: 0 };
    case HandlerKind.FILTER_AND_ITHREAD:
      return { token, filter: 1, ithread: 1 };
    default:
      throw refused('BAD_ARGUMENT', `kind ${String(kind)} is no HandlerKind`);
  }
}
