import { status as GrpcStatus } from '@grpc/grpc-js';
import type { ServerUnaryCall, handleUnaryCall } from '@grpc/grpc-js';

import { DEFAULT_MACHINE } from '../config.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { BadMessage } from './definitions.ts';
import { draining, refused, report } from './failure.ts';
import type { RpcFailure } from './failure.ts';

/** What a method is told besides its request. */
export interface CallInfo {
  /** Calls `listener` when the client has cancelled the call, or its deadline has passed. */
  onCancelled(listener: () => void): void;
}

export type Method<Request, Response> = (
  request: Request,
  call: CallInfo,
) => Response | Promise<Response>;

/**
 * The one wrapper around every unary method: it refuses what comes too late or while the server
 * drains, counts, and turns whatever is thrown into a status.
 */
export function unary<Request, Response>(
  context: RpcContext,
  method: Method<Request, Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const start = performance.now();
    const done = (failure: RpcFailure | undefined, response?: Response): void => {
      const code = failure?.code ?? GrpcStatus.OK;
      context.metrics.grpcRequest(
        call.getPath(),
        GrpcStatus[code],
        (performance.now() - start) / 1e3,
      );
      if (failure === undefined) callback(null, response);
      else callback(failure);
    };
    try {
      const answer = method(admit(context, call), {
        onCancelled: (listener) => call.on('cancelled', listener),
      });
      if (answer instanceof Promise) {
        answer.then(
          (response) => done(undefined, response),
          (error: unknown) => done(report(context, error)),
        );
      } else done(undefined, answer);
    } catch (error) {
      done(report(context, error));
    }
  };
}

function admit<Request>(context: RpcContext, call: ServerUnaryCall<Request, unknown>): Request {
  const deadline = call.getDeadline();
  if (deadline !== Number.POSITIVE_INFINITY && Number(deadline) <= Date.now()) {
    throw refused('DEADLINE_PASSED', 'the deadline had passed when the call was read: nothing ran');
  }
  return admitRequest(context, call.request);
}

/** The request, unless it is none or the server drains. */
export function admitRequest<Request>(context: RpcContext, request: Request): Request {
  if (context.draining()) throw draining();
  if (!(request instanceof BadMessage)) return request;
  throw refused('BAD_MESSAGE', `these bytes are no request of this method: ${request.reason}`);
}

/** The machine that a request names; empty: the default one. */
export function machineOf(context: RpcContext, name: string): HostedMachine {
  const hosted = context.registry.get(name || DEFAULT_MACHINE);
  if (hosted !== undefined) return hosted;
  throw refused(
    'NO_MACHINE',
    `there is no machine "${name || DEFAULT_MACHINE}": ListMachines has them`,
  );
}
