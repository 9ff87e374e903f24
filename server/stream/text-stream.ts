import { CHUNK_BYTES } from '../config.ts';
import type { ServerStream } from './server-stream.ts';

/** Messages with the text cut at ends of lines, into chunks of about CHUNK_BYTES. */
export function* lineChunks(text: string): Generator<{ chunk: string }, void, void> {
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.indexOf('\n', start + CHUNK_BYTES - 1);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    yield { chunk: text.slice(start, end) };
    start = end;
  }
}

export function* byteChunks(bytes: Buffer): Generator<{ chunk: Buffer }, void, void> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    yield { chunk: bytes.subarray(start, start + CHUNK_BYTES) };
  }
}

/** Writes the messages as fast as the client takes them, and ends the stream. */
export function writeAll<Message>(
  stream: ServerStream<Message>,
  messages: Iterable<Message>,
): void {
  const iterator = messages[Symbol.iterator]();
  const pump = (): void => {
    while (!stream.closed) {
      const { value, done } = iterator.next();
      if (done === true) return stream.finish();
      if (!stream.write(value)) return;
    }
  };
  stream.onDrain(pump);
  stream.run(pump);
}
