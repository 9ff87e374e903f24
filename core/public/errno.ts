import { assert } from '../lib/assert.ts';

/**
 * The errno values of Xen's hypercalls, with the names and numbers of `public/errno.h`
 * (Linux's numbers, on every guest).
 */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  ENXIO: 6,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EINVAL: 22,
  ENOSPC: 28,
  ENOSYS: 38,
  EOVERFLOW: 75,
  ERESTART: 85,

  EOPNOTSUPP: 95,
} as const;

export type Errno = keyof typeof ERRNO;

/** What a hypercall answers: its OUT parameters, or why not. */
export type Result<T = void> = Ok<T> | Failure;

export interface Ok<T> {
  readonly ok: true;
  readonly value: T;
}

export interface Failure {
  readonly ok: false;
  readonly errno: Errno;
}

const DONE: Ok<void> = Object.freeze({ ok: true, value: undefined });

const FAILURES = Object.fromEntries(
  Object.keys(ERRNO).map((errno) => [errno, Object.freeze({ ok: false, errno })]),
) as Record<Errno, Failure>;

export function ok(): Ok<void>;
export function ok<T>(value: T): Ok<T>;
export function ok(value?: unknown): Ok<unknown> {
  return value === undefined ? DONE : { ok: true, value };
}

/** One frozen object per errno: a refused hypercall allocates nothing. */
export function fail(errno: Errno): Failure {
  return FAILURES[errno];
}

/** The raw return value a guest sees: 0 or a negative errno. */
export function returnValue(result: Result<unknown>): number {
  return result.ok ? 0 : -ERRNO[result.errno];
}

const NAMES = new Map<number, Errno>(
  Object.entries(ERRNO).map(([name, number]) => [number, name as Errno]),
);

/** The name of an errno that is known to be one of Xen's. */
export function errnoName(number: number): Errno {
  const name = NAMES.get(number);
  assert(name !== undefined, 'an errno has a name');
  return name;
}
