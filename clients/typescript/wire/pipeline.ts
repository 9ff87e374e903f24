import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';

import { ConnectionError } from '../errors.ts';
import { Fifo } from './fifo.ts';

interface Waiting<Response> {
  resolve(response: Response): void;
  reject(error: Error): void;
}

interface Unsent<Request, Response> extends Waiting<Response> {
  readonly request: Request;
}

/**
 * A stream on which each request is answered by one response, in order. At most `window` requests
 * are out at a time; what is asked beyond that waits here.
 */
export class Pipeline<Request, Response> {
  readonly #stream: ClientDuplexStream<Request, Response>;
  readonly #window: number;
  readonly #explain: (error: ServiceError) => Error;
  readonly #sent = new Fifo<Waiting<Response>>();
  readonly #unsent = new Fifo<Unsent<Request, Response>>();
  readonly #roomWanted: (() => void)[] = [];
  readonly #ended: Promise<void>;
  #failure: Error | undefined;
  #ending = false;

  constructor(
    stream: ClientDuplexStream<Request, Response>,
    window: number,
    explain: (error: ServiceError) => Error,
  ) {
    this.#stream = stream;
    this.#window = window;
    this.#explain = explain;
    stream.on('data', (response: Response) => this.#answer(response));
    this.#ended = new Promise((resolve) => {
      stream.on('error', (error: ServiceError) => {
        this.#fail(this.#explain(error));
        resolve();
      });
      stream.on('end', () => {
        this.#fail(new ConnectionError('UNAVAILABLE', 'the stream has ended', true));
        resolve();
      });
    });
  }

  /** Sends a request, after those before it, and answers what the service did. */
  exchange(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(unsent(this.#failure));
      if (this.#ending) return reject(new TypeError('the stream was ended: open another one'));
      this.#unsent.push({ request, resolve, reject });
      this.#pump();
    });
  }

  /** Resolves when the next request would go out at once. */
  async ready(): Promise<void> {
    while (this.#failure === undefined && this.#isFull()) {
      await new Promise<void>((resolve) => this.#roomWanted.push(resolve));
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets the outstanding answers come, then ends the stream. */
  async end(): Promise<void> {
    this.#ending = true;
    this.#endIfIdle();
    await this.#ended;
  }

  /** Ends the stream now; requests that are not answered yet fail. */
  cancel(): void {
    this.#ending = true;
    this.#stream.cancel();
  }

  #isFull(): boolean {
    return this.#sent.length >= this.#window || this.#unsent.length > 0;
  }

  #pump(): void {
    while (this.#sent.length < this.#window && this.#unsent.length > 0) {
      const next = this.#unsent.shift()!;
      this.#sent.push(next);
      this.#stream.write(next.request);
    }
  }

  #answer(response: Response): void {
    this.#sent.shift()?.resolve(response);
    this.#pump();
    if (!this.#isFull()) this.#tellRoom();
    if (this.#ending) this.#endIfIdle();
  }

  #endIfIdle(): void {
    if (this.#failure === undefined && this.#sent.length + this.#unsent.length === 0) {
      this.#stream.end();
    }
  }

  #fail(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    for (let next = this.#sent.shift(); next !== undefined; next = this.#sent.shift()) {
      next.reject(failure);
    }
    for (let next = this.#unsent.shift(); next !== undefined; next = this.#unsent.shift()) {
      next.reject(unsent(failure));
    }
    this.#tellRoom();
  }

  #tellRoom(): void {
    for (const resolve of this.#roomWanted.splice(0)) resolve();
  }
}

/** The same for a request that was never written: it cannot have run. */
const unsent = (failure: Error): Error =>
  failure instanceof ConnectionError
    ? new ConnectionError(failure.status, failure.message, false)
    : failure;
