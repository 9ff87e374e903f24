import { Readable } from 'node:stream';
import type { EndReason } from '../../machines.ts';
import { HEARTBEAT, effectEvent, endEvent, gapEvent, opening } from './sse.ts';
import type { ServedMachine } from '../served.ts';

export interface EffectStreamOptions {
  readonly served: ServedMachine;
  /** The sequence number to begin with. */
  readonly from: number;
  /** Sent before all else, after the opening. */
  readonly preamble?: string;
  readonly effectsPerRead: number;
  readonly onGap: () => void;
  readonly onClose: () => void;
}

/**
 * The effects of a machine as server-sent events. There is no queue: a stream is a place in the
 * outbox, and what the outbox has dropped before a slow client came to it becomes one gap event.
 * So a client that does not read costs one batch, and the machine never waits for it.
 */
export class EffectStream extends Readable {
  readonly #options: EffectStreamOptions;
  readonly #unsubscribe: readonly (() => void)[];
  #next: number;
  /** Whether the consumer wants more: false from a `push` that said stop to the next `_read`. */
  #wanted = false;
  /** Why the stream ends once it has told everything. */
  #endReason: EndReason | undefined;
  #ended = false;

  constructor(options: EffectStreamOptions) {
    super({ encoding: 'utf8' });
    this.#options = options;
    this.#next = options.from;
    this.push(opening(options.from) + (options.preamble ?? ''));
    const { served } = options;
    this.#unsubscribe = [
      served.onEffects(() => this.#pump()),
      served.onEnd((reason) => this.finish(reason)),
    ];
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#ended = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#options.onClose();
    callback(error);
  }

  /** Shows that the stream lives; a client that still has bytes to read knows already. */
  heartbeat(): void {
    if (this.#wanted && !this.#ended) this.#wanted = this.push(HEARTBEAT);
  }

  /** Ends the stream after its last effect. A client that is behind is cut off, not waited for. */
  finish(reason: EndReason): void {
    if (!this.#wanted) return void this.destroy();
    this.#endReason ??= reason;
    this.#pump();
  }

  #pump(): void {
    if (!this.#wanted || this.#ended) return;
    const { served, effectsPerRead } = this.#options;
    const { gap, effects, next } = served.machine.outbox.read(this.#next, effectsPerRead);
    if (gap === undefined && effects.length === 0) return this.#endIfAsked();

    this.#next = next;
    if (gap !== undefined) this.#options.onGap();
    const text = (gap === undefined ? '' : gapEvent(gap)) + effects.map(effectEvent).join('');
    this.#wanted = this.push(text);
    // The next batch waits for a turn of the event loop, so that other clients get theirs.
    if (this.#wanted) setImmediate(() => this.#pump());
  }

  #endIfAsked(): void {
    if (this.#endReason === undefined) return;
    this.#ended = true;
    this.push(endEvent(this.#endReason));
    this.push(null);
  }
}
