import { Client, credentials } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';

import {
  AttachRequest,
  AttachResponse,
  HandlerKind,
  InterruptServiceService as guests,
} from '../proto/gen/evtchnd/v1/interrupt_service.ts';
import { EventChannelServiceService } from '../proto/gen/evtchnd/v1/event_channel_service.ts';

/** Both sides read and write the same messages with the same codec: the server is compared. */
type Stream = ClientDuplexStream<AttachRequest | Buffer, AttachResponse>;

type Told = NonNullable<AttachResponse['message']>;

/** A driver that answers each interrupt at once, of evtchnd or of an echo. */
export class AttachDriver implements Disposable {
  readonly #client: Client;
  readonly #stream: Stream;
  readonly #held: Told[] = [];
  #told: (message: Told) => void = (message) => void this.#held.push(message);
  #failed: (error: Error) => void = () => undefined;

  constructor(address: string, path: string = guests.attach.path) {
    this.#client = new Client(address, credentials.createInsecure());
    this.#stream = this.#client.makeBidiStreamRequest(
      path,
      (request: AttachRequest | Buffer) =>
        Buffer.isBuffer(request) ? request : Buffer.from(AttachRequest.encode(request).finish()),
      (bytes: Buffer) => AttachResponse.decode(bytes),
    );
    this.#stream.on('data', ({ message }: AttachResponse) => this.#told(message!));
    this.#stream.on('error', (error) => this.#failed(error));
  }

  /** A driver of the echo, which answers with what it was sent first. */
  static ofEcho(address: string): AttachDriver {
    return new AttachDriver(address, EventChannelServiceService.session.path);
  }

  /** Sends a message, and gives what comes next. */
  exchange(request: AttachRequest | Buffer): Promise<Told> {
    return new Promise((resolve, reject) => {
      this.#told = (message) => {
        this.#told = (early) => void this.#held.push(early);
        resolve(message);
      };
      this.#failed = reject;
      this.#stream.write(request);
    });
  }

  /** Answers interrupts for `ms`. Gives them a second. `handled` runs after each answer. */
  run(ms: number, start: () => void, handled: () => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      let count = 0;
      const take = (message: Told): void => {
        const elapsedMs = performance.now() - began;
        if (elapsedMs >= ms) {
          this.#told = (late) => void this.#held.push(late);
          this.#held.push(message); // Unanswered, it costs nothing while the other is measured.
          return resolve((count * 1000) / elapsedMs);
        }
        if (message.$case !== 'interrupt') return reject(new Error(message.$case));
        this.answer(message.value.handle, message.value.sequence);
        handled();
        count += 1;
      };
      this.#failed = reject;
      this.#told = take;
      start();
      for (const message of this.#held.splice(0)) take(message);
    });
  }

  /** Binds a channel of domain 1 for the driver with this token. */
  bind(remoteDom: number, remotePort: number, token: number): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = guests.bindRemotePort;
    const handler = { token, kind: HandlerKind.ITHREAD };
    const request = { machine: '', dom: 1, remoteDom, remotePort, handler };
    return new Promise((resolve, reject) => {
      const done = (error: Error | null): void => (error === null ? resolve() : reject(error));
      this.#client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, done);
    });
  }

  answer(handle: number, sequence: bigint): void {
    this.#stream.write({ message: { $case: 'handled', value: { handle, sequence } } });
  }

  [Symbol.dispose](): void {
    this.#failed = () => undefined;
    this.#stream.cancel();
    this.#client.close();
  }
}
