import { describe, expect, it } from 'vitest';
import { boot } from '../../support/host.ts';

/** 1 and 3 are PV guests, 2 is an HVM guest. */
const host = () => boot({}, [{}, { guest: 'hvm64' }, {}]);

describe('create_ioreq_server', () => {
  it.each([
    { why: 'there is no domain dom', caller: 0, dom: 9, errno: 'ESRCH' },
    { why: 'it is the caller', caller: 0, dom: 0, errno: 'EPERM' },
    { why: 'it is no HVM guest', caller: 0, dom: 1, errno: 'EINVAL' },
    { why: 'it is no HVM guest, whoever calls', caller: 1, dom: 3, errno: 'EINVAL' },
    { why: 'the caller is not its device model', caller: 1, dom: 2, errno: 'EPERM' },
  ])('answers $errno where $why', ({ caller, dom, errno }) => {
    expect(host().outcome(caller, 'create_ioreq_server', { dom })).toBe(errno);
  });

  it('allocates a port for each vCPU, which Xen consumes and the caller may bind', () => {
    const xen = host();
    xen.must(0, 'set_target', { dom: 3, target: 2 });

    xen.must(3, 'create_ioreq_server', { dom: 2 });

    expect(
      xen.machine.ports(2, 0, 10).map(({ port, vcpu, remoteDom, xenConsumer }) => ({
        port,
        vcpu,
        remoteDom,
        xenConsumer,
      })),
    ).toEqual(
      [0, 1, 2, 3].map((vcpu) => ({ port: vcpu + 1, vcpu, remoteDom: 3, xenConsumer: true })),
    );
    expect(xen.outcome(0, 'bind_interdomain', { remoteDom: 2, remotePort: 1 })).toBe('EINVAL');
    expect(xen.outcome(3, 'bind_interdomain', { remoteDom: 2, remotePort: 1 })).toBe('ok');
  });

  it('answers ENOSPC where the domain has eight', () => {
    const xen = host();
    for (let server = 0; server < 8; server += 1) xen.must(0, 'create_ioreq_server', { dom: 2 });

    expect(xen.outcome(0, 'create_ioreq_server', { dom: 2 })).toBe('ENOSPC');
  });

  it('answers ENOSPC where ports are too few, and frees those it had allocated', () => {
    const xen = boot({}, [{ guest: 'hvm64', vcpus: 4, maxEvtchnPort: 3 }]);

    expect(xen.outcome(0, 'create_ioreq_server', { dom: 1 })).toBe('ENOSPC');
    expect(xen.machine.domain(1)).toMatchObject({ activePorts: 0, xenPorts: 0 });
  });
});
