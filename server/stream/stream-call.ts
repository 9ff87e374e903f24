import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';

import type { RpcFailure } from '../rpc/failure.ts';

/** What a stream needs of the call that carries it. */
export interface StreamCall<Message> {
  getPath(): string;
  /** False: the client does not keep up; nothing more should be written until it drains. */
  write(message: Message): boolean;
  /** Ends with OK, after what was written. */
  end(): void;
  /** Ends with a failure, after what was written. */
  fail(failure: RpcFailure): void;
  onDrain(listener: () => void): void;
  /** The client cancelled, or its connection is gone. May be called more than once. */
  onGone(listener: () => void): void;
}

/** A call as grpc-js hands it to methods: a Node stream. */
export const nodeStreamCall = <Message>(
  call: ServerWritableStream<unknown, Message> | ServerDuplexStream<unknown, Message>,
): StreamCall<Message> => ({
  getPath: () => call.getPath(),
  write: (message) => call.write(message),
  end: () => void call.end(),
  fail: (failure) => void call.emit('error', failure),
  onDrain: (listener) => void call.on('drain', listener),
  onGone(listener) {
    for (const event of ['cancelled', 'close', 'error']) call.on(event, listener);
  },
});
