import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

describe('bind_ipi', () => {
  describeErrnos({
    op: 'bind_ipi',
    host: () => boot({}, [{ maxEvtchnPort: 63 }]),
    call: () => ({ caller: 1, args: { vcpu: 3 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'the domain has no vCPU vcpu',
        errno: 'ENOENT',
        touches: ['vcpu'],
        call: ({ args }) => Object.assign(args, { vcpu: 4 }),
      },
      {
        what: 'the domain has no free port',
        errno: 'ENOSPC',
        touches: ['ports'],
        host: (xen) => xen.fill(1),
      },
    ],
  });

  it('gives a port of its own for every call, tied to its vCPU', () => {
    const xen = boot();

    const ports = [0, 0, 3].map((vcpu) => xen.ipi(1, vcpu));

    expect(ports).toEqual([1, 2, 3]);
    expect(xen.must(1, 'status', { dom: SELF, port: 3 })).toEqual({
      status: 5,
      state: 'ipi',
      vcpu: 3,
    });
  });

  it('serves a vCPU that is down', () => {
    const xen = boot({}, [{ vcpus: 4, vcpusUp: 1 }]);
    const port = xen.ipi(1, 3);

    xen.must(1, 'send', { port });

    expect(xen.machine.vcpu(1, 3)).toMatchObject({ up: false, upcallPending: true });
  });
});
