import type { ServerReadableStream } from '@grpc/grpc-js';

import { UPLOAD_BYTES_MAX } from '../config.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { admitRequest } from './unary.ts';

export interface Upload<Request> {
  readonly first: Request;
  readonly bytes: Buffer;
}

/** All messages of a client-streaming call: the first, and the chunks joined. */
export async function receive<Request extends { readonly chunk: Uint8Array }>(
  context: RpcContext,
  call: ServerReadableStream<Request, unknown>,
): Promise<Upload<Request>> {
  const chunks: Uint8Array[] = [];
  let first: Request | undefined;
  let size = 0;
  for await (const message of call as AsyncIterable<Request>) {
    const { chunk } = admitRequest(context, message);
    first ??= message;
    size += chunk.length;
    if (size > UPLOAD_BYTES_MAX) {
      throw refused('LIMIT', `more than ${UPLOAD_BYTES_MAX} bytes: the server takes no more`);
    }
    chunks.push(chunk);
  }
  if (first === undefined) throw refused('BAD_MESSAGE', 'no request came: send one at least');
  return { first, bytes: Buffer.concat(chunks) };
}
