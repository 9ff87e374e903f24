import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const host = () => boot({}, [{ maxEvtchnPort: 200 }, { maxEvtchnPort: 200 }, {}]);

describe('bind_interdomain', () => {
  describeErrnos({
    op: 'bind_interdomain',
    host,
    call: (xen) => ({ caller: 1, args: { remoteDom: 2, remotePort: xen.unbound(2, 1) } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no domain remote_dom',
        errno: 'ESRCH',
        touches: ['remote'],
        call: ({ args }) => Object.assign(args, { remoteDom: 9 }),
      },
      {
        what: 'the caller has no free port',
        errno: 'ENOSPC',
        touches: ['ports'],
        host: (xen) => xen.fill(1),
      },
      ...[
        { what: 'remote_port is not valid', make: () => 64 },
        { what: 'remote_port is no number of a port', make: () => 0xffff_ffff },
        { what: 'remote_port is port 0', make: () => 0 },
        { what: 'remote_port is free', make: () => 40 },
        { what: 'remote_port is an IPI', make: (xen: ReturnType<typeof boot>) => xen.ipi(2) },
        {
          what: 'remote_port is bound already',
          make: (xen: ReturnType<typeof boot>) => xen.channel(2, 3)[0],
        },
        {
          what: 'remote_port waits for another domain',
          make: (xen: ReturnType<typeof boot>) => xen.unbound(2, 3),
        },
      ].map(({ what, make }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['remote'],
        host: (xen: ReturnType<typeof boot>, call: { args: object }) => {
          Object.assign(call.args, { remotePort: make(xen) });
        },
        leavesBucket: true,
      })),
    ],
  });

  it('joins the two ports, each of which then names the other', () => {
    const xen = host();
    const [a, b] = xen.channel(2, 1);

    expect(xen.must(1, 'status', { dom: SELF, port: b })).toMatchObject({
      state: 'interdomain',
      remoteDom: 2,
      remotePort: a,
    });
    expect(xen.must(2, 'status', { dom: SELF, port: a })).toMatchObject({
      state: 'interdomain',
      remoteDom: 1,
      remotePort: b,
    });
  });

  it('raises the local port, lest a send before was lost, and not the remote one', () => {
    const xen = host();

    const [a, b] = xen.channel(2, 1);

    expect(xen.pending(1)).toEqual([b]);
    expect(xen.pending(2)).not.toContain(a);
    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: true, pendingSel: 1n });
  });

  it('raises a masked local port too, without an upcall', () => {
    const xen = host();
    xen.must(1, 'm_mask', { port: 1 });

    const [, b] = xen.channel(2, 1);

    expect(xen.pending(1)).toEqual([b]);
    expect(xen.machine.vcpu(1, 0)).toMatchObject({ upcallPending: false, pendingSel: 0n });
  });

  it('tells of both ends and of the event', () => {
    const xen = host();
    const remotePort = xen.unbound(2, 1);
    xen.news();

    xen.must(1, 'bind_interdomain', { remoteDom: 2, remotePort });

    expect(xen.news().map(({ kind, dom }) => `${kind} ${dom}`)).toEqual([
      'bound 1',
      'bound 2',
      'pending 1',
      'upcall 1',
    ]);
  });

  it('joins two ports of one domain', () => {
    const xen = host();
    const remotePort = xen.unbound(1, SELF);

    const { localPort } = xen.must(1, 'bind_interdomain', { remoteDom: SELF, remotePort });

    expect(localPort).not.toBe(remotePort);
    xen.must(1, 'm_clrpend', { port: localPort });
    xen.must(1, 'send', { port: localPort });
    expect(xen.pending(1)).toEqual([remotePort]);
  });

  it('leaves the remote port with the vCPU that it notified', () => {
    const xen = host();
    const remotePort = xen.unbound(2, 1);
    xen.must(2, 'bind_vcpu', { port: remotePort, vcpu: 3 });

    xen.must(1, 'bind_interdomain', { remoteDom: 2, remotePort });

    expect(xen.machine.port(2, remotePort)!.vcpu).toBe(3);
  });
});
