import { EventChannelServiceService } from '../proto/gen/evtchnd/v1/event_channel_service.ts';

const keep = (bytes: Buffer): Buffer => bytes;

/** Session with its messages left as bytes, on both sides: what is compared is the transport. */
export const SESSION = {
  path: EventChannelServiceService.session.path,
  requestStream: true,
  responseStream: true,
  requestSerialize: keep,
  requestDeserialize: keep,
  responseSerialize: keep,
  responseDeserialize: keep,
} as const;
