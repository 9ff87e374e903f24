import type { handleServerStreamingCall } from '@grpc/grpc-js';

import { ServerStream } from '../stream/server-stream.ts';
import { nodeStreamCall } from '../stream/stream-call.ts';
import type { RpcContext } from './context.ts';
import { admitRequest } from './unary.ts';

/** The wrapper around every server-streaming method: what it throws ends the stream. */
export function serverStreaming<Request, Response>(
  context: RpcContext,
  method: (stream: ServerStream<Response>, request: Request) => void,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const stream = new ServerStream<Response>(context, nodeStreamCall(call));
    stream.run(() => method(stream, admitRequest(context, call.request)));
  };
}
