import { MachineServiceService as machines } from '../../../proto/gen/evtchnd/v1/machine_service.ts';
import { TraceServiceService as traces } from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import type {
  WatchEffectsRequest,
  WatchEffectsResponse,
} from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import { effectFromProto, effectKindToProto } from '../views/effect.ts';
import type { Effect, EffectGap, EffectKind, MachineReplaced } from '../views/effect.ts';
import { machineFromProto } from '../views/machine-view.ts';
import type { MachineView } from '../views/machine-view.ts';
import type { Download } from '../wire/download.ts';
import type { Wire } from '../wire/wire.ts';
import { resume } from './resume.ts';
import type { WatchOptions } from './resume.ts';

export interface EffectOptions extends WatchOptions {
  /** Sequence number of the first effect wanted; 1: all that are kept. Default: the next one. */
  readonly from?: number;
  /** Only effects on these domains. Default: all. */
  readonly doms?: readonly number[];
  /** Only effects of these kinds. Default: all. */
  readonly kinds?: readonly EffectKind[];
}

/** What a watch of effects tells. */
export type EffectRecord = Effect | EffectGap | MachineReplaced;

/** See Machine.watchEffects. */
export async function* watchEffects(
  wire: Wire,
  machine: string,
  options: EffectOptions,
): AsyncGenerator<EffectRecord, void, undefined> {
  const place = new Place(wire, machine, options);
  const open = (isFirst: boolean): Promise<Download<WatchEffectsResponse>> => place.open(isFirst);
  for await (const { gap, effects, nextSequence } of resume(wire, open, options.signal)) {
    if (place.takeReplaced()) yield { kind: 'replaced' };
    if (gap !== undefined) yield { kind: 'gap', from: Number(gap.from), to: Number(gap.to) };
    for (const effect of effects) yield effectFromProto(effect);
    place.next = nextSequence;
  }
}

/** Where a watch stands: in which machine, and before which effect. */
class Place {
  readonly #wire: Wire;
  readonly #request: WatchEffectsRequest;
  #createdAt: number | undefined;
  #replaced = false;

  constructor(wire: Wire, machine: string, { from = 0, doms = [], kinds = [] }: EffectOptions) {
    this.#wire = wire;
    this.#request = {
      machine,
      fromSequence: BigInt(from),
      doms: [...doms],
      kinds: kinds.map(effectKindToProto),
    };
  }

  set next(sequence: bigint) {
    this.#request.fromSequence = sequence;
  }

  async open(isFirst: boolean): Promise<Download<WatchEffectsResponse>> {
    if (isFirst) return this.#openFirst();
    const stream = this.#download();
    try {
      // Asked after the stream was opened: if the service goes in between, the stream breaks.
      const view = await this.#view();
      if (!this.#isReplaced(view)) return stream;
      this.#createdAt = view.createdAt?.getTime();
    } catch (error) {
      stream.cancel();
      throw error;
    }
    stream.cancel();
    this.#replaced = true;
    this.#request.fromSequence = 1n;
    return this.#download();
  }

  /** Whether the machine was replaced since this was last asked. */
  takeReplaced(): boolean {
    const replaced = this.#replaced;
    this.#replaced = false;
    return replaced;
  }

  /** "The next one" becomes a number at once, so that nothing is lost by a break before it. */
  async #openFirst(): Promise<Download<WatchEffectsResponse>> {
    const view = await this.#view();
    this.#createdAt = view.createdAt?.getTime();
    if (this.#request.fromSequence === 0n) {
      this.#request.fromSequence = BigInt(view.lastEffect + 1);
    }
    return this.#download();
  }

  #isReplaced({ createdAt, lastEffect }: MachineView): boolean {
    return (
      createdAt?.getTime() !== this.#createdAt ||
      BigInt(lastEffect + 1) < this.#request.fromSequence
    );
  }

  #download(): Download<WatchEffectsResponse> {
    return this.#wire.download(traces.watchEffects, { ...this.#request });
  }

  async #view(): Promise<MachineView> {
    const { machine } = this.#request;
    return machineFromProto((await this.#wire.call(machines.getMachine, { machine })).machine);
  }
}
