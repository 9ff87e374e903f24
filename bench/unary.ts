import { Client, credentials } from '@grpc/grpc-js';

import { EventChannelServiceService } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { SendRequest } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { compare, inTurn } from './compare.ts';
import type { Pair } from './compare.ts';
import { median } from './measure.ts';
import type { Figure } from './measure.ts';
import { FRONT } from './session-batches.ts';

/** Short turns, so that a busy moment of the machine seldom meets one side only. */
const CALLS = 100;
const TURNS = { warm: 20, pairs: 30 } as const;

/** Send, one call at a time, as a guest makes hypercalls: p50 of each turn in us. */
export async function unaryPairs(address: string, echoAddress: string): Promise<Pair[]> {
  using ours = new Sender(address);
  using echo = new Sender(echoAddress);
  return await inTurn({ ours: p50Of(ours), peer: p50Of(echo), ...TURNS });
}

export function unaryFigures(pairs: readonly Pair[]): Figure[] {
  const { ours, peer, ratio } = compare(pairs);
  return [
    { what: 'unary Send, p50', value: ours, unit: 'us' },
    { what: '  peer: unary echo with the same codec, p50', value: peer, unit: 'us' },
    { what: '  ours / peer', value: ratio, unit: '', target: { most: 1.15 } },
  ];
}

const p50Of = (sender: Sender) => async (): Promise<number> => {
  const times: number[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const start = performance.now();
    await sender.send();
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
};

class Sender implements Disposable {
  readonly #client: Client;

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  send(): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = EventChannelServiceService.send;
    const request = SendRequest.fromPartial({ caller: FRONT, port: 1 });
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        (error) => (error === null ? resolve() : reject(error)),
      );
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
