import { describe, expect, it } from 'vitest';
import { ERRNO, EVTCHNOP, EVTCHNSTAT, VIRQ, returnValue } from '../../../core/index.ts';
import type { Errno } from '../../../core/index.ts';
import { EFFECT, EFFECT_KINDS } from '../../../core/public/effect.ts';
import { fail, ok } from '../../../core/public/errno.ts';

/** public/errno.h of Xen, all of it. */
const XEN_ERRNO: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  E2BIG: 7,
  ENOEXEC: 8,
  EBADF: 9,
  ECHILD: 10,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOSPC: 28,
  EROFS: 30,
  EMLINK: 31,
  EDOM: 33,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOLCK: 37,
  ENOSYS: 38,
  ENOTEMPTY: 39,
  ENODATA: 61,
  ETIME: 62,
  EBADMSG: 74,
  EOVERFLOW: 75,
  EILSEQ: 84,
  ERESTART: 85,
  ENOTSOCK: 88,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
};

describe('errno', () => {
  const known = Object.entries(XEN_ERRNO).filter(([name]) => name in ERRNO);

  it.each(known)('%s is %i, as in public/errno.h', (name, number) => {
    expect(ERRNO[name as Errno]).toBe(number);
  });

  it('is what a hypercall returns, negated, or 0', () => {
    expect(returnValue(ok())).toBe(0);
    expect(returnValue(ok({ port: 1 }))).toBe(0);
    expect(returnValue(fail('ENOSPC'))).toBe(-28);
  });
});

describe('the numbers of public/event_channel.h and public/xen.h', () => {
  it('name the EVTCHNOPs', () => {
    expect(Object.entries(EVTCHNOP).sort(([, a], [, b]) => a - b)).toEqual(
      [
        'bind_interdomain',
        'bind_virq',
        'bind_pirq',
        'close',
        'send',
        'status',
        'alloc_unbound',
        'bind_ipi',
        'bind_vcpu',
        'unmask',
        'reset',
        'init_control',
        'expand_array',
        'set_priority',
        'reset_cont',
      ].map((name, number) => [name, number]),
    );
  });

  it('name the states that EVTCHNOP_status tells', () => {
    const states = ['closed', 'unbound', 'interdomain', 'pirq', 'virq', 'ipi'];

    expect(EVTCHNSTAT).toEqual(Object.fromEntries(states.map((name, number) => [name, number])));
  });

  it('name the VIRQs', () => {
    expect(VIRQ).toMatchObject({
      TIMER: 0,
      DEBUG: 1,
      CONSOLE: 2,
      DOM_EXC: 3,
      ARGO: 11,
      XENPMU: 13,
    });
  });
});

describe('the kinds of effects', () => {
  it('each have the number of their place', () => {
    for (const [number, kind] of EFFECT_KINDS.entries()) expect(EFFECT[kind]).toBe(number);
  });
});
