import { status as GrpcStatus } from '@grpc/grpc-js';
import type { handleClientStreamingCall } from '@grpc/grpc-js';

import type { RpcContext } from './context.ts';
import { report } from './failure.ts';
import { receive } from './upload.ts';
import type { Upload } from './upload.ts';

/** The wrapper around every method that takes an upload and gives one answer. */
export function clientStreaming<Request extends { readonly chunk: Uint8Array }, Response>(
  context: RpcContext,
  method: (upload: Upload<Request>) => Response | Promise<Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    const start = performance.now();
    const count = (code: GrpcStatus): void => {
      const seconds = (performance.now() - start) / 1e3;
      context.metrics.grpcRequest(call.getPath(), GrpcStatus[code], seconds);
    };
    receive(context, call)
      .then(method)
      .then(
        (response) => {
          count(GrpcStatus.OK);
          callback(null, response);
        },
        (error: unknown) => {
          // A client that vanished has no use for an answer, and is no bug.
          if (call.cancelled) return count(GrpcStatus.CANCELLED);
          const failure = report(context, error);
          count(failure.code);
          callback(failure);
        },
      );
  };
}
