import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

import { EventChannelServiceService } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { TraceServiceService } from '../../proto/gen/evtchnd/v1/trace_service.ts';

/** A request whose bytes are no message of its type: its method answers, not the transport. */
export class BadMessage {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** `service` with deserializers that hand over what they cannot read as a BadMessage. */
export function tolerant<Service extends ServiceDefinition>(service: Service): Service {
  const methods = Object.entries(service).map(([name, method]) => [name, tolerantMethod(method)]);
  return Object.fromEntries(methods) as Service;
}

function tolerantMethod<Request, Response>(
  method: MethodDefinition<Request, Response>,
): MethodDefinition<Request | BadMessage, Response> {
  return {
    ...method,
    requestDeserialize(bytes) {
      try {
        return method.requestDeserialize(bytes);
      } catch (error) {
        return new BadMessage(error instanceof Error ? error.message : String(error));
      }
    },
  } as MethodDefinition<Request | BadMessage, Response>;
}

type MethodShape = Pick<
  MethodDefinition<unknown, unknown>,
  'path' | 'requestStream' | 'responseStream'
>;

/** `method` with its messages left as bytes. */
function raw(method: MethodShape): MethodDefinition<Buffer, Buffer> {
  const keep = (bytes: Buffer) => bytes;
  return {
    path: method.path,
    requestStream: method.requestStream,
    responseStream: method.responseStream,
    requestSerialize: keep,
    requestDeserialize: keep,
    responseSerialize: keep,
    responseDeserialize: keep,
  };
}

/** EventChannelService with its batches left as bytes: batch.ts reads and writes them. */
export const EVENT_CHANNEL_SERVICE = {
  ...tolerant(EventChannelServiceService),
  multicall: raw(EventChannelServiceService.multicall),
  session: raw(EventChannelServiceService.session),
};

/** TraceService with its recordings left as bytes, as they hold ops too. */
export const TRACE_SERVICE = {
  ...tolerant(TraceServiceService),
  record: raw(TraceServiceService.record),
};
