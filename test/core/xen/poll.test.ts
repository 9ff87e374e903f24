import { describe, expect, it } from 'vitest';
import { XEN, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

/** Domain 1 with ports 1 to 3: IPIs on vCPU 1, so that they ask vCPU 0 for no upcall. */
function host(): Host {
  const xen = boot({}, [{ vcpus: 4 }, {}]);
  for (let port = 1; port <= 3; port += 1) xen.ipi(1, 1);
  xen.news();
  return xen;
}

/** vCPU 0 of domain 1, or another, polls. */
const poll = (xen: Host, ports: number[], timeout = 0, callerVcpu = 0) =>
  xen.must(1, 'sched_poll', { ports, nrPorts: ports.length, timeout, callerVcpu }).blocked;

const asleep = (xen: Host, vcpu = 0) => xen.machine.vcpu(1, vcpu)!.poll !== undefined;

/** A hypercall of vCPU 3, which never polls here. */
const send = (xen: Host, port: number) => xen.must(1, 'send', { port, callerVcpu: 3 });

describe('sched_poll', () => {
  describeErrnos({
    op: 'sched_poll',
    host: () => host(),
    call: () => ({ caller: 1, args: { ports: [1, 2], nrPorts: 2 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there are more than 128 ports',
        errno: 'EINVAL',
        touches: ['ports'],
        call: ({ args }) => Object.assign(args, { nrPorts: 129 }),
      },
      ...[
        { what: 'a port is not valid', ports: [1, 64] },
        { what: 'a port is free', ports: [1, 40] },
        { what: 'a port is port 0', ports: [0, 1] },
        { what: 'there are fewer ports than nr_ports says', ports: [1] },
      ].map(({ what, ports }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['ports'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, { ports });
        },
      })),
    ],
  });

  it('takes 128 ports', () => {
    const xen = host();

    expect(
      poll(
        xen,
        Array.from({ length: 128 }, () => 1),
      ),
    ).toBe(true);
  });

  it('says EINVAL for a port that Xen consumes', () => {
    const xen = boot({}, [{ guest: 'hvm64' }]);
    xen.must(0, 'create_ioreq_server', { dom: 1 });

    expect(xen.outcome(1, 'sched_poll', { ports: [1], nrPorts: 1 })).toBe('EINVAL');
  });

  it.each([
    { what: 'a port is pending', make: (xen: Host) => send(xen, 2), ports: [1, 2] },
    {
      what: 'a masked port is pending',
      make: (xen: Host) => {
        xen.must(1, 'm_mask', { port: 2 });
        send(xen, 2);
      },
      ports: [2],
    },
    {
      what: 'a port before the wrong one is pending',
      make: (xen: Host) => send(xen, 2),
      ports: [2, 64],
    },
    {
      what: 'an upcall is pending and not masked, even for a wrong port',
      make: (xen: Host) => {
        xen.must(1, 'm_upcall', { vcpu: 0, value: 1 });
        xen.must(1, 'm_upcall_mask', { vcpu: 0, value: 0 });
      },
      ports: [64],
    },
  ])('returns at once where $what', ({ make, ports }) => {
    const xen = host();
    make(xen);

    expect(poll(xen, ports)).toBe(false);
    expect(asleep(xen)).toBe(false);
  });

  it('sleeps although an upcall is pending that is masked', () => {
    const xen = host();
    xen.must(1, 'm_upcall', { vcpu: 0, value: 1 });

    expect(poll(xen, [1])).toBe(true);
  });

  it('puts the vCPU to sleep, so that it makes no more calls', () => {
    const xen = host();

    expect(poll(xen, [1], 500)).toBe(true);

    expect(xen.machine.vcpu(1, 0)!.poll).toEqual({ port: 1, deadline: 500 });
    expect(xen.call(1, 'send', { port: 1 })).toMatchObject({ refused: 'cannot_run' });
    expect(xen.news()).toMatchObject([{ kind: 'blocked', dom: 1, vcpu: 0, detail: 1 }]);
  });

  it('of one port wakes for that port, masked or not, and for no other', () => {
    const xen = host();
    xen.must(1, 'm_mask', { port: 2 });
    poll(xen, [2]);

    send(xen, 1);
    expect(asleep(xen)).toBe(true);
    send(xen, 2);

    expect(asleep(xen)).toBe(false);
    expect(xen.news().at(-1)).toMatchObject({ kind: 'woken', vcpu: 0, detail: 0 });
  });

  it('of several ports wakes for any port of the domain: Xen does not ask which', () => {
    const xen = host();
    poll(xen, [1, 2]);

    send(xen, 3);

    expect(asleep(xen)).toBe(false);
  });

  it('of no port sleeps until its timeout, or until any event comes', () => {
    const xen = host();
    expect(poll(xen, [])).toBe(true);

    send(xen, 3);

    expect(asleep(xen)).toBe(false);
  });

  it('is not woken by an event that coalesces', () => {
    const xen = host();
    send(xen, 3);
    poll(xen, [1, 2]);

    send(xen, 3);

    expect(asleep(xen)).toBe(true);
  });

  it('is not woken under FIFO by an event that coalesces', () => {
    const xen = host();
    xen.fifo(1, { vcpus: 2 });
    send(xen, 3);
    poll(xen, [1, 2]);

    send(xen, 3);

    expect(asleep(xen)).toBe(true);
  });

  it('is woken by an upcall that its vCPU is asked for, whatever it polls', () => {
    const xen = host();
    const other = xen.ipi(1, 0);
    poll(xen, [1]);

    send(xen, other);

    expect(asleep(xen)).toBe(false);
  });

  it('is woken by the events of its own domain only', () => {
    const xen = host();
    const port = xen.ipi(2, 0);
    poll(xen, [1, 2]);

    xen.must(2, 'send', { port });

    expect(asleep(xen)).toBe(true);
  });

  it('is not woken by the guest’s own writes to its pages', () => {
    const xen = host();
    poll(xen, [1, 2]);

    xen.must(1, 'm_setpend', { port: 1 });

    expect(asleep(xen)).toBe(true);
  });

  it('under FIFO wakes for masked ports as well', () => {
    const xen = host();
    xen.fifo(1, { vcpus: 2 });
    xen.must(1, 'w_or', { port: 1, value: 0x4000_0000 });
    poll(xen, [1]);

    send(xen, 1);

    expect(asleep(xen)).toBe(false);
  });

  it('of several vCPUs wakes each that waits for the port', () => {
    const xen = host();
    poll(xen, [1], 0, 0);
    poll(xen, [1, 2], 0, 1);
    poll(xen, [3], 0, 2);

    send(xen, 1);

    expect([0, 1, 2].map((vcpu) => asleep(xen, vcpu))).toEqual([false, false, true]);
  });
});

describe('the timeout of sched_poll', () => {
  it('is a point of system time, and ends the poll when it comes', () => {
    const xen = host();
    xen.must(XEN, 'advance_clock', { ns: 100 });
    poll(xen, [1], 150);

    xen.must(XEN, 'advance_clock', { ns: 49 });
    expect(asleep(xen)).toBe(true);
    xen.must(XEN, 'advance_clock', { ns: 1 });

    expect(asleep(xen)).toBe(false);
    expect(xen.news().at(-1)).toMatchObject({ kind: 'woken', vcpu: 0, detail: 1 });
  });

  it('that has passed lets the poll return at once, but after its ports were checked', () => {
    const xen = host();
    xen.must(XEN, 'advance_clock', { ns: 100 });

    expect(poll(xen, [1], 100)).toBe(false);
    expect(xen.outcome(1, 'sched_poll', { ports: [64], nrPorts: 1, timeout: 100 })).toBe('EINVAL');
  });

  it('of 0 never comes', () => {
    const xen = host();
    poll(xen, [1]);

    xen.must(XEN, 'advance_clock', { ns: 2 ** 52 });

    expect(asleep(xen)).toBe(true);
  });

  it('wakes the earliest first, then by domain and vCPU', () => {
    const xen = host();
    xen.ipi(2);
    poll(xen, [1], 300, 0);
    xen.must(2, 'sched_poll', { ports: [1], nrPorts: 1, timeout: 200 });
    poll(xen, [1], 200, 1);
    poll(xen, [1], 100, 2);
    xen.news();

    xen.must(XEN, 'advance_clock', { ns: 300 });

    expect(xen.news().map(({ kind, dom, vcpu }) => `${kind} ${dom}/${vcpu}`)).toEqual([
      `clock ${XEN}/0`,
      'woken 1/2',
      'woken 1/1',
      'woken 2/0',
      'woken 1/0',
    ]);
  });

  it('does not come again after an event has woken the vCPU', () => {
    const xen = host();
    poll(xen, [1], 200);
    send(xen, 1);
    xen.news();

    xen.must(XEN, 'advance_clock', { ns: 300 });

    expect(xen.kinds()).toEqual(['clock']);
  });
});

it('answers EINVAL to far more ports than it takes, as to one too many', () => {
  const ports = Array.from({ length: 4000 }, () => 1);

  expect(boot().outcome(1, 'sched_poll', { ports, nrPorts: 4000 })).toBe('EINVAL');
});
