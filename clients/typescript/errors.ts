import type { ErrnoName } from './errno.ts';

/** Everything that a call of this library throws, programming mistakes (TypeError) aside. */
export class EvtchndError extends Error {
  override readonly name: string = 'EvtchndError';
}

/** A hypercall ran, and Xen's answer is an errno. A failed hypercall has Xen's side effects. */
export class XenError extends EvtchndError {
  override readonly name = 'XenError';
  /** The errno's name in public/errno.h, such as 'EINVAL'. */
  readonly errno: ErrnoName;
  /** Its number, positive, such as 22. */
  readonly number: number;
  /** The op that failed, as traces name it, such as 'bind_interdomain'. */
  readonly op: string;

  constructor(errno: ErrnoName, number: number, op: string, message: string) {
    super(message);
    this.errno = errno;
    this.number = number;
    this.op = op;
  }
}

/** The service refused a call before Xen was asked: nothing has happened. */
export class RefusedError extends EvtchndError {
  override readonly name = 'RefusedError';
  /**
   * Why, for programs: NO_MACHINE, NO_DOMAIN, NO_CALLER, CANNOT_RUN, BAD_ARGUMENT, LIMIT, RETIRED,
   * MACHINE_EXISTS, MACHINE_DELETED, BAD_SNAPSHOT, BAD_TRACE, …, or the name of a gRPC status
   * where the other side is no evtchnd of this version.
   */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * No answer came: the service is not there, it is shutting down, the connection broke, or the
 * call's time was over.
 */
export class ConnectionError extends EvtchndError {
  override readonly name = 'ConnectionError';
  /** UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED. */
  readonly status: string;
  /**
   * False: the request never reached a machine. True: it may have been executed, and nobody can
   * know; that is why the library never sends a hypercall again by itself.
   */
  readonly mayHaveExecuted: boolean;

  constructor(status: string, message: string, mayHaveExecuted: boolean) {
    super(message);
    this.status = status;
    this.mayHaveExecuted = mayHaveExecuted;
  }
}
