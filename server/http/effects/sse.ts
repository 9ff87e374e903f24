import type { Effect } from '../../../core/index.ts';
import type { EndReason } from '../../machines.ts';

/** Server-sent events, as the HTML standard defines their text: fields, then an empty line. */

/** What a client waits before it reconnects, in ms. */
const RETRY_MS = 2_000;

/** A first comment makes proxies and fetch() pass the headers on at once. */
export const opening = (from: number): string =>
  `retry: ${RETRY_MS}\n: effects from ${from} on\n\n`;

export const HEARTBEAT = ': alive\n\n';

/** `id` is what a client sends back as Last-Event-ID. */
export const effectEvent = (effect: Effect): string =>
  `id: ${effect.sequence}\nevent: effect\ndata: ${JSON.stringify(effect)}\n\n`;

export const gapEvent = (gap: { readonly from: number; readonly to: number }): string =>
  `id: ${gap.to}\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n`;

/** The client resumed behind the newest effect: the numbers are those of an earlier machine. */
export const restartEvent = (lastEventId: number, lastSequence: number): string =>
  `event: restart\ndata: ${JSON.stringify({ last_event_id: lastEventId, last_sequence: lastSequence })}\n\n`;

/** Nothing more will come: the machine was deleted, or the server stops. */
export const endEvent = (reason: EndReason): string =>
  `event: end\ndata: ${JSON.stringify({ reason })}\n\n`;
