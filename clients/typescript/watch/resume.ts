import { Backoff } from '../wire/backoff.ts';
import type { Download } from '../wire/download.ts';
import { isBroken } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';

/** How a watch is left. */
export interface WatchOptions {
  /** Ends the watch from outside of its loop. */
  readonly signal?: AbortSignal;
}

/**
 * The messages of a stream that is opened again after its connection broke. The first `open` must
 * succeed; later ones have the patience of the connection. Whatever else ends the stream is thrown.
 */
export async function* resume<Message>(
  wire: Wire,
  open: (isFirst: boolean) => Promise<Download<Message>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Message, void, undefined> {
  const backoff = new Backoff(wire.reconnectMs ?? Number.POSITIVE_INFINITY);
  let stream = await open(true);
  for (;;) {
    try {
      for await (const message of until(signal, stream)) {
        backoff.reset();
        yield message;
      }
      return;
    } catch (error) {
      if (signal?.aborted === true) return;
      if (!isBroken(error)) throw error;
      const again = await reopen(open, backoff, signal, error);
      if (again === undefined) return;
      stream = again;
    }
  }
}

/** Tries until it is open; undefined: the watch was ended meanwhile. */
async function reopen<Message>(
  open: (isFirst: boolean) => Promise<Download<Message>>,
  backoff: Backoff,
  signal: AbortSignal | undefined,
  broken: unknown,
): Promise<Download<Message> | undefined> {
  for (let last = broken; ; ) {
    const mayTry = await backoff.wait(signal);
    if (signal?.aborted === true) return undefined;
    if (!mayTry) throw last;
    try {
      return await open(false);
    } catch (error) {
      if (!isBroken(error)) throw error;
      last = error;
    }
  }
}

async function* until<Message>(
  signal: AbortSignal | undefined,
  stream: Download<Message>,
): AsyncGenerator<Message, void, undefined> {
  const cancel = (): void => stream.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  if (signal?.aborted === true) cancel();
  try {
    yield* stream;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
