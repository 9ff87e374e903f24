import { describe, expect, it } from 'vitest';
import { SELF, boot } from '../../support/host.ts';
import type { Guest, Host } from '../../support/host.ts';
import { random } from '../../support/random.ts';

const withPorts = (maxEvtchnPort: number, guest: Guest = {}) =>
  boot({}, [{ ...guest, maxEvtchnPort }]);

describe('the port that an op is given', () => {
  it('is the lowest free one, whichever op asks', () => {
    const xen = boot();
    for (let port = 1; port <= 10; port += 1) xen.ipi(1);
    for (const port of [7, 2, 9]) xen.must(1, 'close', { port });
    const remotePort = xen.unbound(2, 1);

    const ports = [
      xen.must(1, 'bind_interdomain', { remoteDom: 2, remotePort }).localPort,
      xen.virq(1),
      xen.must(0, 'alloc_unbound', { dom: 1, remoteDom: 0 }).port,
      xen.ipi(1),
    ];

    expect(ports).toEqual([2, 7, 9, 11]);
  });

  it('is the lowest free one at any fill, with holes anywhere', () => {
    const seed = 0x5eed;
    const chance = random(seed);
    const xen = boot({ checkInvariants: false }, [{ maxEvtchnPort: 4095 }]);
    const taken = new Set<number>();

    for (let step = 0; step < 6000; step += 1) {
      const grows = chance(100) < (step < 3000 ? 80 : 45);
      if (grows || taken.size === 0) {
        let lowest = 1;
        while (taken.has(lowest)) lowest += 1;
        expect(xen.ipi(1), `seed ${seed}, step ${step}`).toBe(lowest);
        taken.add(lowest);
      } else {
        const port = [...taken][chance(taken.size)]!;
        xen.must(1, 'close', { port });
        taken.delete(port);
      }
    }
    expect(xen.machine.invariantViolations()).toEqual([]);
  });

  it('goes up to 131071 under FIFO, and comes from any hole there', () => {
    const xen = boot({ checkInvariants: false }, [{ maxEvtchnPort: 0xffff_ffff }]);
    xen.must(1, 'init_control', { gfn: 0, vcpu: 0 });
    for (let port = 1; port < 131_072; port += 1) xen.call(1, 'bind_ipi');

    expect(xen.machine.domain(1)).toMatchObject({ activePorts: 131_071, validPorts: 131_072 });
    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');
    for (const port of [131_071, 65_536, 100_000, 63, 1]) xen.must(1, 'close', { port });
    expect([1, 2, 3, 4, 5].map(() => xen.ipi(1))).toEqual([1, 63, 65_536, 100_000, 131_071]);
    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');
  });
});

describe('max_evtchn_port', () => {
  it.each([
    { max: 0, ports: 0, says: 'there is port 0 only, which is reserved' },
    { max: 1, ports: 1, says: 'port 1 can be had' },
    { max: 15, ports: 15, says: 'the number itself is a port' },
    { max: 63, ports: 63, says: 'one bucket' },
    { max: 64, ports: 64, says: 'one port of a second bucket, all of which is valid then' },
    { max: 4095, ports: 4095, says: 'all that the 2-level ABI can number' },
    { max: 4096, ports: 4095, says: 'the ABI sets the limit' },
    { max: 0x7fff_ffff, ports: 4095, says: 'no limit of its own' },
    { max: 0xffff_ffff, ports: 4095, says: 'no limit of its own: it is kept as a signed int' },
  ])('$max allows $ports ports: $says', ({ max, ports }) => {
    const xen = boot({ checkInvariants: false }, [{ maxEvtchnPort: max }]);

    xen.fill(1);

    expect(xen.machine.domain(1)!.activePorts).toBe(ports);
    expect(xen.machine.domain(1)!.validPorts).toBe(Math.max(64, Math.ceil((ports + 1) / 64) * 64));
    expect(xen.outcome(1, 'alloc_unbound', { dom: SELF, remoteDom: 0 })).toBe('ENOSPC');
  });

  it('leaves no more than 1023 ports to a 32-bit guest under the 2-level ABI', () => {
    const xen = withPorts(0xffff_ffff, { guest: 'pv32' });

    xen.fill(1);

    expect(xen.machine.domain(1)!.activePorts).toBe(1023);
  });

  it('holds under FIFO too', () => {
    const xen = withPorts(70);
    xen.fifo(1);

    xen.fill(1);

    expect(xen.machine.domain(1)!.activePorts).toBe(70);
  });

  it('does not limit the pages of the event array', () => {
    const xen = withPorts(15);

    expect(() => xen.fifo(1, { pages: 8 })).not.toThrow();
  });
});

describe('valid ports', () => {
  const valid = (xen: Host) => xen.machine.domain(1)!.validPorts;

  it('are 0 to 63 at first, and grow by 64 with the first port beyond', () => {
    const xen = boot();
    for (let port = 1; port < 64; port += 1) xen.ipi(1);
    expect(valid(xen)).toBe(64);
    expect(xen.outcome(1, 'status', { dom: SELF, port: 64 })).toBe('EINVAL');

    xen.ipi(1);

    expect(valid(xen)).toBe(128);
    expect(xen.outcome(1, 'status', { dom: SELF, port: 127 })).toBe('ok');
    expect(xen.outcome(1, 'status', { dom: SELF, port: 128 })).toBe('EINVAL');
  });

  it('stay valid after close and reset', () => {
    const xen = boot();
    for (let port = 1; port < 130; port += 1) xen.ipi(1);

    xen.must(1, 'reset', { dom: SELF });

    expect(valid(xen)).toBe(192);
  });

  it('end a call with a port in the new bucket only once: a failed call leaves it for the next', () => {
    const xen = boot();
    for (let port = 1; port < 64; port += 1) xen.ipi(1);

    for (let time = 0; time < 3; time += 1) {
      expect(xen.outcome(2, 'alloc_unbound', { dom: 1, remoteDom: 2 })).toBe('EPERM');
    }

    expect(valid(xen)).toBe(128);
    expect(xen.machine.domain(1)!.activePorts).toBe(63);
    expect(xen.ipi(1)).toBe(64);
  });
});
