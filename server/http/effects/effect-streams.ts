import type { Metrics } from '../../metrics.ts';
import { RETRY_AFTER_SECONDS, STREAM_GRACE_MS, type StreamLimits } from '../limits.ts';
import { Problem } from '../problem.ts';
import { EffectStream } from './effect-stream.ts';
import type { ServedMachine } from '../served.ts';

export interface OpenStream {
  readonly served: ServedMachine;
  readonly address: string;
  readonly from: number;
  readonly preamble?: string;
}

/** The effect streams that are open: how many there may be, their heartbeat and their end. */
export class EffectStreams {
  readonly #metrics: Metrics;
  readonly #limits: StreamLimits;
  readonly #open = new Map<EffectStream, string>();
  readonly #heartbeat: NodeJS.Timeout;

  constructor(metrics: Metrics, limits: StreamLimits) {
    this.#metrics = metrics;
    this.#limits = limits;
    this.#heartbeat = setInterval(() => {
      for (const stream of this.#open.keys()) stream.heartbeat();
    }, limits.heartbeatMs).unref();
  }

  get count(): number {
    return this.#open.size;
  }

  /** Throws a Problem when too many are open. */
  open({ address, ...what }: OpenStream): EffectStream {
    this.#checkRoom(address);
    const closed = this.#metrics.streamOpened('effects_http');
    const stream = new EffectStream({
      ...what,
      effectsPerRead: this.#limits.effectsPerRead,
      onGap: () => this.#metrics.gapTold('effects_http'),
      onClose: () => {
        this.#open.delete(stream);
        closed();
      },
    });
    this.#open.set(stream, address);
    return stream;
  }

  /** Ends all streams, and cuts off those that take too long about it. */
  close(): void {
    clearInterval(this.#heartbeat);
    for (const stream of this.#open.keys()) stream.finish('draining');
    setTimeout(() => {
      for (const stream of this.#open.keys()) stream.destroy();
    }, STREAM_GRACE_MS).unref();
  }

  #checkRoom(address: string): void {
    const { streamsMax, streamsPerAddressMax } = this.#limits;
    if (this.#open.size >= streamsMax) throw tooMany(`${streamsMax} effect streams are open`);

    let ofAddress = 0;
    for (const other of this.#open.values()) if (other === address) ofAddress += 1;
    if (ofAddress >= streamsPerAddressMax)
      throw tooMany(`${ofAddress} effect streams of yours are open`);
  }
}

function tooMany(what: string): Problem {
  const detail = `${what}, and that is the most: close one, or read pages with Accept: application/json`;
  return new Problem('too_many_streams', detail, { 'retry-after': String(RETRY_AFTER_SECONDS) });
}
