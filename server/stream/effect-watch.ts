import { EFFECTS_PER_MESSAGE } from '../config.ts';
import { EFFECT_KINDS } from '../../core/index.ts';
import type { Effect, EffectBatch, EffectKind } from '../../core/index.ts';
import type { HostedMachine } from '../machines.ts';
import type { Metrics } from '../metrics.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/effect.ts';
import type {
  WatchEffectsRequest,
  WatchEffectsResponse,
} from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { ServerStream } from './server-stream.ts';

/** Reads of the outbox in one turn: with a filter, many of them may give no message. */
const READS_PER_TURN = 64;

/**
 * One reader of effects. It holds a sequence number and nothing else: the outbox is its queue,
 * and what has left the outbox before it was read becomes a gap.
 */
export class EffectWatch {
  readonly #stream: ServerStream<WatchEffectsResponse>;
  readonly #hosted: HostedMachine;
  readonly #metrics: Metrics;
  readonly #passes: (effect: Effect) => boolean;
  #next: number;
  #writable = true;

  constructor(
    stream: ServerStream<WatchEffectsResponse>,
    hosted: HostedMachine,
    metrics: Metrics,
    request: WatchEffectsRequest,
  ) {
    this.#stream = stream;
    this.#hosted = hosted;
    this.#metrics = metrics;
    this.#passes = createFilter(request);
    const from = Number(request.fromSequence);
    this.#next = from === 0 ? hosted.machine.outbox.lastSequence + 1 : from;

    stream.onClose(hosted.onEffects(() => stream.run(() => this.#pump())));
    stream.onDrain(() => {
      this.#writable = true;
      this.#pump();
    });
    this.#pump();
  }

  #pump(): void {
    const { outbox } = this.#hosted.machine;
    for (let reads = 0; reads < READS_PER_TURN; reads += 1) {
      if (!this.#writable || this.#stream.closed || this.#next > outbox.lastSequence) return;
      this.#tell(outbox.read(this.#next, EFFECTS_PER_MESSAGE));
    }
    setImmediate(() => this.#stream.run(() => this.#pump()));
  }

  #tell({ gap, effects, next }: EffectBatch): void {
    this.#next = next;
    const passing = effects.filter(this.#passes).map(effectMessage);
    if (gap === undefined && passing.length === 0) return;
    if (gap !== undefined) this.#metrics.gapTold('effects');
    this.#writable = this.#stream.write({
      gap: gap && { from: BigInt(gap.from), to: BigInt(gap.to) },
      effects: passing,
      nextSequence: BigInt(next),
    });
  }
}

function createFilter({ doms, kinds }: WatchEffectsRequest): (effect: Effect) => boolean {
  const domSet = new Set(doms);
  const kindSet = new Set<EffectKind>(kinds.map((kind) => EFFECT_KINDS[kind - 1]!));
  return ({ dom, kind }) =>
    (domSet.size === 0 || domSet.has(dom)) && (kindSet.size === 0 || kindSet.has(kind));
}

/** The enum has the core's kinds in the core's order, after UNSPECIFIED. */
const KIND_NUMBERS = Object.fromEntries(
  EFFECT_KINDS.map((kind, code) => [kind, code + 1]),
) as Record<EffectKind, proto.EffectKind>;

const effectMessage = (effect: Effect): proto.Effect => ({
  ...effect,
  kind: KIND_NUMBERS[effect.kind],
  sequence: BigInt(effect.sequence),
  op: BigInt(effect.op),
});
