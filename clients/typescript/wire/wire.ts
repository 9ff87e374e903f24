import { Client as GrpcClient, credentials } from '@grpc/grpc-js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientWritableStream, ServiceError } from '@grpc/grpc-js';

import { ConnectionError } from '../errors.ts';
import { parseAddress } from './address.ts';
import { Backoff } from './backoff.ts';
import { Download } from './download.ts';
import { explain, unreached } from './failure.ts';

/** A method of generated code: where it is, and how its messages become bytes. */
export interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: (message: Request) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Response;
}

/** How a client connects, and for how long it waits. */
export interface ConnectOptions {
  /** How long a call may take, in ms; 0: for ever. Default: 30 000. */
  readonly timeoutMs?: number;
  /**
   * How long reads and watches try to reach a service that has gone, in ms. Hypercalls never try
   * again. Default: 10 000 for a read, for ever for a watch.
   */
  readonly reconnectMs?: number;
  /** TLS; without it the connection is neither encrypted nor authenticated. */
  readonly credentials?: ChannelCredentials;
}

const TIMEOUT_MS = 30_000;
const RECONNECT_MS = 10_000;
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/** The one connection of a client: calls and streams go out here, and errors come in. */
export class Wire {
  readonly address: string;
  readonly reconnectMs: number | undefined;
  readonly #grpc: GrpcClient;
  readonly #timeoutMs: number;

  constructor(address: string, options: ConnectOptions) {
    this.address = address;
    this.reconnectMs = options.reconnectMs;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#grpc = new GrpcClient(
      parseAddress(address),
      options.credentials ?? credentials.createInsecure(),
      {
        'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
        // A watch may be silent for hours: notice all the same that the other side has gone.
        'grpc.keepalive_time_ms': 30_000,
        'grpc.keepalive_timeout_ms': 10_000,
        'grpc.keepalive_permit_without_calls': 0,
        'grpc.initial_reconnect_backoff_ms': 100,
        'grpc.max_reconnect_backoff_ms': 2_000,
      },
    );
  }

  /** Calls once. `timeoutMs` 0: without an end. */
  async call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    timeoutMs = this.#timeoutMs,
  ): Promise<Response> {
    const { path, requestSerialize: serialize, responseDeserialize: deserialize } = method;
    const options = timeoutMs > 0 ? { deadline: Date.now() + timeoutMs } : {};
    try {
      return await new Promise<Response>((resolve, reject) => {
        const done = settle(resolve, reject);
        this.#grpc.makeUnaryRequest(path, serialize, deserialize, request, options, done);
      });
    } catch (error) {
      throw this.explain(error as ServiceError); // Made here, its stack shows who called.
    }
  }

  /** Calls what changes nothing, and so again after a connection that broke. */
  async read<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): Promise<Response> {
    const backoff = new Backoff(this.reconnectMs ?? RECONNECT_MS);
    for (;;) {
      try {
        return await this.call(method, request);
      } catch (error) {
        if (!isBroken(error) || !(await backoff.wait())) throw error;
      }
    }
  }

  /** A stream of answers to one request. */
  download<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
  ): Download<Response> {
    const { path, requestSerialize: serialize, responseDeserialize: deserialize } = method;
    const stream = this.#grpc.makeServerStreamRequest(path, serialize, deserialize, request);
    return new Download(stream, this.explain.bind(this));
  }

  /** Sends many messages, each made when the service takes it, and has one answer. */
  async upload<Request, Response>(
    method: Method<Request, Response>,
    messages: Iterable<Request>,
  ): Promise<Response> {
    const { path, requestSerialize: serialize, responseDeserialize: deserialize } = method;
    try {
      return await new Promise<Response>((resolve, reject) => {
        const done = settle(resolve, reject);
        writeAll(this.#grpc.makeClientStreamRequest(path, serialize, deserialize, done), messages);
      });
    } catch (error) {
      throw this.explain(error as ServiceError);
    }
  }

  /** A stream in both directions. */
  duplex<Request, Response>(
    method: Method<Request, Response>,
  ): ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = method;
    return this.#grpc.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  }

  /** Resolves when the service answers; throws ConnectionError when it does not in time. */
  ready(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#grpc.waitForReady(Date.now() + timeoutMs, (error) => {
        if (error === undefined || error === null) return resolve();
        reject(unreached(this.address));
      });
    });
  }

  explain(error: ServiceError): Error {
    return explain(error, this.address);
  }

  close(): void {
    this.#grpc.close();
  }
}

function writeAll<Message>(stream: ClientWritableStream<Message>, from: Iterable<Message>): void {
  const iterator = from[Symbol.iterator]();
  const pump = (): void => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) {
      if (stream.write(next.value)) continue;
      stream.once('drain', pump);
      return;
    }
    stream.end();
  };
  pump();
}

/** The callback of grpc-js that settles a promise. */
const settle =
  <Response>(resolve: (response: Response) => void, reject: (error: Error) => void) =>
  (error: ServiceError | null, response?: Response): void =>
    error === null ? resolve(response!) : reject(error);

/** Whether the call failed for want of a connection, so that another one may go through. */
export const isBroken = (error: unknown): boolean =>
  error instanceof ConnectionError && error.status === 'UNAVAILABLE';
