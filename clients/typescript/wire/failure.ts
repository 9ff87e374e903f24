import { status as GrpcStatus } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { ErrorInfo } from '../../../proto/gen/google/rpc/error_details.ts';
import { Status } from '../../../proto/gen/google/rpc/status.ts';
import { errnoName } from '../errno.ts';
import { ConnectionError, RefusedError, XenError } from '../errors.ts';
import type { EvtchndError } from '../errors.ts';

/** Statuses that mean: nobody has answered. */
const NO_ANSWER: ReadonlySet<number> = new Set([
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.DEADLINE_EXCEEDED,
  GrpcStatus.CANCELLED,
]);

/** What grpc-js says of a request that generated code could not write: it was not sent. */
const UNSERIALIZABLE = /^Request message serialization failure: (.*)/;

/** Makes the library's error of grpc-js's. */
export function explain(error: ServiceError, address: string): EvtchndError | TypeError {
  const invalid = UNSERIALIZABLE.exec(error.details)?.[1];
  if (invalid !== undefined) return new TypeError(`an argument is out of range: ${invalid}`);
  const info = errorInfo(error);
  if (info?.domain === 'xen') {
    const number = Number(info.metadata['errno']);
    const errno = errnoName(number);
    if (errno !== undefined) {
      return new XenError(errno, number, info.metadata['op'] ?? '', error.details);
    }
  }
  if (info?.reason === 'DRAINING') return new ConnectionError('UNAVAILABLE', error.details, false);
  if (info !== undefined) return new RefusedError(info.reason, error.details);
  if (NO_ANSWER.has(error.code)) return noAnswer(error, address);
  return new RefusedError(GrpcStatus[error.code] ?? 'UNKNOWN', error.details);
}

function errorInfo({ metadata }: ServiceError): ErrorInfo | undefined {
  const [bytes] = metadata?.get('grpc-status-details-bin') ?? [];
  if (!Buffer.isBuffer(bytes)) return undefined;
  try {
    const found = Status.decode(bytes).details.find(({ typeUrl }) =>
      typeUrl.endsWith('/google.rpc.ErrorInfo'),
    );
    return found && ErrorInfo.decode(found.value);
  } catch {
    return undefined; // Not the details that gRPC's error model has: the status alone must do.
  }
}

function noAnswer({ code, details }: ServiceError, address: string): ConnectionError {
  const status = GrpcStatus[code] ?? 'UNAVAILABLE';
  if (code === GrpcStatus.DEADLINE_EXCEEDED) {
    return new ConnectionError(status, `no answer from ${address} in time`, true);
  }
  if (code === GrpcStatus.CANCELLED) {
    return new ConnectionError(status, `the call to ${address} was cancelled`, true);
  }
  // What grpc-js says when a call never had a connection to go out on.
  const isUnreached = /^(No connection established|Name resolution failed)/.test(details);
  if (!isUnreached) {
    return new ConnectionError(status, `the connection to ${address} broke: ${details}`, true);
  }
  return unreached(address, /\b(?:connect|getaddrinfo) E[A-Z_]+/.exec(details)?.[0]);
}

/** Nobody is there: says how to start somebody. */
export function unreached(address: string, why?: string): ConnectionError {
  const because = why === undefined ? '' : ` (${why})`;
  const message = `nothing answers at ${address}${because}: is evtchnd running? "npm start" starts it`;
  return new ConnectionError('UNAVAILABLE', message, false);
}
