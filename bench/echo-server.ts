// What grpc-js costs by itself: the same methods with nothing behind them. See child.ts.

import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { ServerDuplexStream, handleUnaryCall } from '@grpc/grpc-js';

import { EventChannelServiceService } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { SendRequest, SendResponse } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { serve } from './child.ts';
import { SESSION } from './session-method.ts';

/** Reads the request and writes the response with the codec that the service uses. */
const send: handleUnaryCall<SendRequest, SendResponse> = (_call, callback) => callback(null, {});

/** The first message is what every other one is answered with, so that all sizes are the same. */
function session(call: ServerDuplexStream<Buffer, Buffer>): void {
  let answer: Buffer | undefined;
  call.on('data', (bytes: Buffer) => {
    answer ??= bytes;
    if (!call.write(answer)) call.pause();
  });
  call.on('drain', () => call.resume());
  call.on('end', () => call.end());
}

const server = new Server();
const { send: sendMethod } = EventChannelServiceService;
server.addService({ send: sendMethod, session: SESSION }, { send, session });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  serve(`127.0.0.1:${port}`);
});
