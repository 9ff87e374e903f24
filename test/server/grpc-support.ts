import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Metadata, credentials } from '@grpc/grpc-js';
import type {
  CallOptions,
  ClientDuplexStream,
  ClientReadableStream,
  MethodDefinition,
  ServiceError,
} from '@grpc/grpc-js';

import { startApp } from '../../server/app.ts';
import type { RunningApp } from '../../server/app.ts';
import { DEFAULT_BOUNDS, completeConfig } from '../../server/config.ts';
import type { Bounds } from '../../server/config.ts';
import { ErrorInfo } from '../../proto/gen/google/rpc/error_details.ts';
import { Status } from '../../proto/gen/google/rpc/status.ts';

/** A server of its own for one test file, on free ports and a socket in a folder of its own. */
export interface TestServer {
  readonly app: RunningApp;
  readonly client: Client;
  readonly folder: string;
  stop(): Promise<void>;
}

export async function serve(bounds: Partial<Bounds> = {}): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'evtchnd-test-'));
  const app = await startApp(
    completeConfig({
      grpcAddress: '127.0.0.1:0',
      httpAddress: '127.0.0.1:0',
      socket: join(folder, 'evtchnd.sock'),
      logLevel: 'silent',
      bounds: { ...DEFAULT_BOUNDS, drainMs: 500, ...bounds },
    }),
  );
  const client = new Client(app.grpcAddress, credentials.createInsecure());
  const stop = async (): Promise<void> => {
    client.close();
    await app.stop();
    rmSync(folder, { recursive: true });
  };
  return { app, client, folder, stop };
}

/** `fields` with protobuf's defaults for the others. */
export const complete = <Request, Response>(
  method: MethodDefinition<Request, Response>,
  fields: Partial<Request>,
): Request => ({ ...method.requestDeserialize(Buffer.alloc(0)), ...fields });

/** Calls a unary method; throws what the client is told. */
export const call = <Request, Response>(
  client: Client,
  method: MethodDefinition<Request, Response>,
  fields: Partial<Request> = {},
  options: CallOptions = {},
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const { path, requestSerialize, responseDeserialize } = method;
    const request = complete(method, fields);
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      new Metadata(),
      options,
      (error, response) => (error === null ? resolve(response!) : reject(error)),
    );
  });

/** How a call failed: status code, reason and domain of its ErrorInfo, and the rest. */
export interface Failed {
  readonly code: number;
  readonly message: string;
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly xenErrno: string | undefined;
}

/** The failure of a call that must fail. */
export async function failure(promise: Promise<unknown>): Promise<Failed> {
  const error = await promise.then(
    (value) => {
      throw new Error(`this should have failed, and gave ${JSON.stringify(value)}`);
    },
    (thrown: ServiceError) => thrown,
  );
  return describeFailure(error);
}

export function describeFailure(error: ServiceError): Failed {
  if (error.metadata === undefined) throw error;
  const [bytes] = error.metadata.get('grpc-status-details-bin') as Buffer[];
  const detail = bytes && Status.decode(bytes).details[0];
  const info = detail && ErrorInfo.decode(detail.value);
  return {
    code: error.code,
    message: error.details,
    reason: info?.reason ?? '',
    domain: info?.domain ?? '',
    metadata: info?.metadata ?? {},
    xenErrno: error.metadata.get('xen-errno')[0]?.toString(),
  };
}

/** Opens a server-streaming call. */
export const openStream = <Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize, ...method }: MethodDefinition<Request, Response>,
  fields: Partial<Request>,
): ClientReadableStream<Response> =>
  client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    complete({ path, requestSerialize, responseDeserialize, ...method }, fields),
  );

/** Opens a bidirectional call. */
export const openDuplex = <Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
): ClientDuplexStream<Request, Response> =>
  client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);

/** Sends all messages of a client-streaming call. */
export const upload = <Request, Response>(
  client: Client,
  { path, requestSerialize, responseDeserialize }: MethodDefinition<Request, Response>,
  messages: readonly Request[],
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const stream = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      (error, response) => (error === null ? resolve(response!) : reject(error)),
    );
    for (const message of messages) stream.write(message);
    stream.end();
  });

/** Reads a stream message by message; a failure of the call is thrown by `next`. */
export class Reader<Message> {
  readonly #iterator: AsyncIterator<Message>;

  constructor(stream: AsyncIterable<unknown>) {
    this.#iterator = (stream as AsyncIterable<Message>)[Symbol.asyncIterator]();
  }

  /** The next message; throws at the end. */
  async next(): Promise<Message> {
    const { value, done } = await this.#iterator.next();
    if (done === true) throw new Error('the stream has ended');
    return value;
  }

  /** All that is left, up to the end. */
  async rest(): Promise<Message[]> {
    const messages: Message[] = [];
    for (;;) {
      const { value, done } = await this.#iterator.next();
      if (done === true) return messages;
      messages.push(value);
    }
  }
}

/** Tests of a file share a server, each with a machine of its own. */
let names = 0;
export const freshName = (): string => `machine-${(names += 1)}`;
