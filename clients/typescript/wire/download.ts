import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';

/**
 * The messages of a stream, as they come, for one loop. Leaving the loop cancels the stream; what
 * the service ends it with is thrown. A loop that does not keep up makes the service wait.
 */
export class Download<Message> implements AsyncIterable<Message> {
  readonly #stream: ClientReadableStream<Message>;
  readonly #explain: (error: ServiceError) => Error;
  #failure: ServiceError | undefined;

  constructor(stream: ClientReadableStream<Message>, explain: (error: ServiceError) => Error) {
    this.#stream = stream;
    this.#explain = explain;
    // A loop hears of errors only while it runs: the stream may fail before, and after.
    stream.on('error', (error: ServiceError) => {
      this.#failure ??= error;
    });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, undefined> {
    try {
      for await (const message of this.#stream as AsyncIterable<Message>) yield message;
    } catch (error) {
      this.#failure ??= error as ServiceError;
    } finally {
      this.#stream.cancel();
    }
    if (this.#failure !== undefined) throw this.#explain(this.#failure);
  }

  /** Ends the stream, and with it the loop: with a ConnectionError. */
  cancel(): void {
    this.#stream.cancel();
  }
}
