import { Client, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';

import { SESSION } from './session-method.ts';

/** Batches that are sent before the first of them is answered: as many as our own client sends. */
const WINDOW = 16;

/** A stream of batches, of which some are always under way. */
export class BatchStream implements Disposable {
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  #onAnswer: (answer: Buffer) => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
    const { path, requestSerialize, responseDeserialize } = SESSION;
    this.#stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    this.#stream.on('data', (answer: Buffer) => this.#onAnswer(answer));
    this.#stream.on('error', (error) => this.#onFailure(error));
    this.#stream.on('end', () => this.#onFailure(new Error('the server has ended the stream')));
  }

  /** Sends one message and gives its answer. */
  exchange(message: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#onAnswer = resolve;
      this.#onFailure = reject;
      this.#stream.write(message);
    });
  }

  /** Sends the batch again and again for `ms`. Gives the answers a second, all of them awaited. */
  run(batch: Buffer, answer: Buffer, ms: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const start = performance.now();
      let sent = 0;
      let answered = 0;
      const send = (): void => {
        sent += 1;
        this.#stream.write(batch);
      };
      this.#onFailure = reject;
      this.#onAnswer = (bytes) => {
        answered += 1;
        if (bytes.length !== answer.length) reject(new Error('that is another answer'));
        const elapsedMs = performance.now() - start;
        if (elapsedMs < ms) send();
        else if (answered === sent) resolve((answered * 1000) / elapsedMs);
      };
      for (let first = 0; first < WINDOW; first += 1) send();
    });
  }

  [Symbol.dispose](): void {
    this.#onFailure = () => undefined;
    this.#stream.cancel();
    this.#client.close();
  }
}
