import { Client, credentials } from '@grpc/grpc-js';

import { EventChannelServiceService } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { SendRequest } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import { compare } from './compare.ts';
import { median } from './measure.ts';
import type { Figure } from './measure.ts';
import { FRONT } from './session-batches.ts';

/** Short turns, so that a busy moment of the machine seldom meets one side only. */
const PAIRS = 100;
const CALLS = 100;

/** Send, one call at a time, as a guest makes hypercalls. */
export async function unaryFigures(address: string, echoAddress: string): Promise<Figure[]> {
  using ours = new Sender(address);
  using echo = new Sender(echoAddress);
  const { ours: p50, peer, ratio } = await compare(PAIRS, { ours: p50Of(ours), peer: p50Of(echo) });
  return [
    { what: 'unary Send, p50', value: p50, unit: 'us' },
    { what: '  peer: unary echo with the same codec, p50', value: peer, unit: 'us' },
    { what: '  ours / peer', value: ratio, unit: '', target: { most: 1.15 } },
  ];
}

/** The median of the times that calls take, in us. */
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
