import { Metadata, status as GrpcStatus } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';

import { ERRNO } from '../../core/index.ts';
import type { Answer, Errno, Op, Refusal } from '../../core/index.ts';
import { ErrorInfo } from '../../proto/gen/google/rpc/error_details.ts';
import { Status } from '../../proto/gen/google/rpc/status.ts';
import type { RpcContext } from './context.ts';
import { explain } from './explain.ts';
import { STATUS_OF_ERRNO, STATUS_OF_REASON, STATUS_OF_REFUSAL } from './status.ts';
import type { Reason } from './status.ts';

const ERROR_INFO_URL = 'type.googleapis.com/google.rpc.ErrorInfo';

/** A call that fails: a status, a sentence for people, and an ErrorInfo for programs. */
export class RpcFailure extends Error implements ServiceError {
  override readonly name = 'RpcFailure';
  readonly code: GrpcStatus;
  readonly details: string;
  readonly metadata: Metadata;

  constructor(code: GrpcStatus, message: string, info: ErrorInfo) {
    super(message);
    this.code = code;
    this.details = message;
    this.metadata = new Metadata();
    const errno = info.metadata['errno'];
    if (errno !== undefined) this.metadata.set('xen-errno', errno);
    this.metadata.set('grpc-status-details-bin', encodeDetails(code, message, info));
  }
}

function encodeDetails(code: number, message: string, info: ErrorInfo): Buffer {
  const detail = { typeUrl: ERROR_INFO_URL, value: Buffer.from(ErrorInfo.encode(info).finish()) };
  return Buffer.from(Status.encode({ code, message, details: [detail] }).finish());
}

/** What the server itself refuses. */
export const refused = (reason: Reason, message: string): RpcFailure =>
  new RpcFailure(STATUS_OF_REASON[reason], message, { reason, domain: 'evtchnd', metadata: {} });

export const draining = (): RpcFailure =>
  refused('DRAINING', 'the server is shutting down: call another one, or try again later');

/** The failure that an answer stands for, if it is none. */
export function failureOf(op: Op, answer: Answer): RpcFailure | undefined {
  if (answer.ok) return undefined;
  if ('refused' in answer) return refusalFailure(op, answer);
  return errnoFailure(op.op, answer.errno, explain(op, answer.errno));
}

/** What Xen, or the guest's layer, answers to something called `op`. */
export const errnoFailure = (op: string, errno: Errno, message: string): RpcFailure =>
  new RpcFailure(STATUS_OF_ERRNO[errno], message, {
    reason: errno,
    domain: 'xen',
    metadata: { errno: String(ERRNO[errno]), op },
  });

function refusalFailure(op: Op, refusal: Refusal): RpcFailure {
  return new RpcFailure(STATUS_OF_REFUSAL[refusal.refused], adviceFor(refusal), {
    reason: refusal.refused.toUpperCase(),
    domain: 'evtchnd',
    metadata: { op: op.op },
  });
}

/** A refusal's message; with where to go from here, if it does not say so itself. */
export const adviceFor = ({ refused: reason, message }: Refusal): string =>
  reason === 'retired' ? `${message}; MachineService.GetJournal has its journal` : message;

/** Any thrown thing as a failure. What is not one of ours is a bug, and is logged. */
export function report(context: RpcContext, error: unknown): RpcFailure {
  if (error instanceof RpcFailure) return error;
  context.log.error({ err: error }, 'a call failed by a bug of the server');
  const message = error instanceof Error ? error.message : String(error);
  return new RpcFailure(GrpcStatus.INTERNAL, `a bug of the server: ${message}`, {
    reason: 'BUG',
    domain: 'evtchnd',
    metadata: {},
  });
}
