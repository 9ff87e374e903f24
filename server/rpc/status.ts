import { status as GrpcStatus } from '@grpc/grpc-js';

import type { Errno, RefusalReason } from '../../core/index.ts';

/** The gRPC status a client sees for each errno; the errno itself travels in `xen-errno`. */
export const STATUS_OF_ERRNO: Readonly<Record<Errno, GrpcStatus>> = {
  EINVAL: GrpcStatus.INVALID_ARGUMENT,
  EFAULT: GrpcStatus.INVALID_ARGUMENT,
  ENXIO: GrpcStatus.INVALID_ARGUMENT,
  ESRCH: GrpcStatus.NOT_FOUND,
  ENOENT: GrpcStatus.NOT_FOUND,
  EEXIST: GrpcStatus.ALREADY_EXISTS,
  EPERM: GrpcStatus.PERMISSION_DENIED,
  EACCES: GrpcStatus.PERMISSION_DENIED,
  ENOSPC: GrpcStatus.RESOURCE_EXHAUSTED,
  ENOMEM: GrpcStatus.RESOURCE_EXHAUSTED,
  EOVERFLOW: GrpcStatus.RESOURCE_EXHAUSTED,
  EBUSY: GrpcStatus.FAILED_PRECONDITION,
  EAGAIN: GrpcStatus.ABORTED,
  ERESTART: GrpcStatus.ABORTED,
  ENOSYS: GrpcStatus.UNIMPLEMENTED,
  EOPNOTSUPP: GrpcStatus.UNIMPLEMENTED,
};

/** The same for what a machine refuses before Xen is asked. */
export const STATUS_OF_REFUSAL: Readonly<Record<RefusalReason, GrpcStatus>> = {
  no_caller: GrpcStatus.NOT_FOUND,
  cannot_run: GrpcStatus.FAILED_PRECONDITION,
  bad_argument: GrpcStatus.INVALID_ARGUMENT,
  limit: GrpcStatus.RESOURCE_EXHAUSTED,
  retired: GrpcStatus.FAILED_PRECONDITION,
};

/** The same for what the server itself refuses: the reason in ErrorInfo, and its status. */
export const STATUS_OF_REASON = {
  NO_MACHINE: GrpcStatus.NOT_FOUND,
  NO_DOMAIN: GrpcStatus.NOT_FOUND,
  NO_CALLER: GrpcStatus.NOT_FOUND,
  NO_GUEST: GrpcStatus.NOT_FOUND,
  NO_SESSION: GrpcStatus.NOT_FOUND,
  NO_SCENARIO: GrpcStatus.NOT_FOUND,
  MACHINE_EXISTS: GrpcStatus.ALREADY_EXISTS,
  BAD_ARGUMENT: GrpcStatus.INVALID_ARGUMENT,
  BAD_MESSAGE: GrpcStatus.INVALID_ARGUMENT,
  BAD_SNAPSHOT: GrpcStatus.INVALID_ARGUMENT,
  BAD_TRACE: GrpcStatus.INVALID_ARGUMENT,
  BAD_IMAGE: GrpcStatus.INVALID_ARGUMENT,
  BAD_SCENARIO: GrpcStatus.INVALID_ARGUMENT,
  BATCH_TOO_LARGE: GrpcStatus.INVALID_ARGUMENT,
  NO_OPEN: GrpcStatus.INVALID_ARGUMENT,
  REOPENED: GrpcStatus.INVALID_ARGUMENT,
  JOURNAL_INCOMPLETE: GrpcStatus.FAILED_PRECONDITION,
  ARRANGE_FAILED: GrpcStatus.FAILED_PRECONDITION,
  GUEST_ENDED: GrpcStatus.FAILED_PRECONDITION,
  NOT_READY: GrpcStatus.FAILED_PRECONDITION,
  SESSION_TAKEN: GrpcStatus.FAILED_PRECONDITION,
  RETIRED: GrpcStatus.FAILED_PRECONDITION,
  LIMIT: GrpcStatus.RESOURCE_EXHAUSTED,
  DEADLINE_PASSED: GrpcStatus.DEADLINE_EXCEEDED,
  DRAINING: GrpcStatus.UNAVAILABLE,
  MACHINE_DELETED: GrpcStatus.UNAVAILABLE,
} as const;

export type Reason = keyof typeof STATUS_OF_REASON;
