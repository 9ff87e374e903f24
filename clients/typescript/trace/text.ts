/** Chunks of an upload: far below gRPC's limit of a message. */
const CHUNK_BYTES = 64 * 1024;

/** The pieces of a text or of bytes, as an upload takes them; at least one. */
export function* chunksOf(content: string | Uint8Array): Generator<Buffer, void, undefined> {
  const bytes =
    typeof content === 'string'
      ? Buffer.from(content)
      : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  let at = 0;
  do {
    yield bytes.subarray(at, at + CHUNK_BYTES);
    at += CHUNK_BYTES;
  } while (at < bytes.length);
}

/** A text that came in pieces. */
export async function textOf(pieces: AsyncIterable<{ chunk: string }>): Promise<string> {
  const texts: string[] = [];
  for await (const { chunk } of pieces) texts.push(chunk);
  return texts.join('');
}

/** Bytes that came in pieces. */
export async function bytesOf(pieces: AsyncIterable<{ chunk: Uint8Array }>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const { chunk } of pieces) chunks.push(chunk);
  return Buffer.concat(chunks);
}
