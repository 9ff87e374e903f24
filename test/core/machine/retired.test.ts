import { afterEach, describe, expect, it, vi } from 'vitest';
import { Machine, SNAPSHOT_FORMAT } from '../../../core/index.ts';
import { assert } from '../../../core/lib/assert.ts';
import { EVENT_2L } from '../../../core/xen/event-2l.ts';
import { Host, XEN, boot } from '../../support/host.ts';

/** A bug of ours: as soon as port 7 is asked for, an assertion fails. */
function bug(): void {
  const { setPending } = EVENT_2L;
  vi.spyOn(EVENT_2L, 'setPending').mockImplementation((xen, domain, vcpu, evtchn) => {
    assert(evtchn.port !== 7, 'nobody sends to port 7');
    setPending(xen, domain, vcpu, evtchn);
  });
}

/** A machine of which a send to port 7 has shown the bug. */
function retired(): Host {
  const xen = boot();
  for (let port = 1; port <= 7; port += 1) xen.ipi(1);
  xen.must(1, 'send', { port: 6 });
  xen.call(1, 'send', { port: 7 });
  return xen;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('a machine whose assertion fires', () => {
  it('answers retired, in which op and why', () => {
    bug();
    const xen = retired();
    const op = xen.machine.opCount;

    expect(xen.machine.retired).toEqual({ message: 'nobody sends to port 7', op });
    expect(xen.call(1, 'send', { port: 6 })).toEqual({
      ok: false,
      refused: 'retired',
      message: `retired at op ${op}, as an assertion failed: nobody sends to port 7`,
    });
  });

  it('executes nothing any more', () => {
    bug();
    const xen = retired();
    const before = [xen.machine.opCount, xen.machine.stateHash(), xen.machine.journalText()];

    xen.call(1, 'bind_ipi');
    xen.call(XEN, 'advance_clock', { ns: 1 });
    xen.call(0, 'destroy_domain', { dom: 1 });

    expect([xen.machine.opCount, xen.machine.stateHash(), xen.machine.journalText()]).toEqual(
      before,
    );
  });

  it('keeps its journal, the op that retired it being the last', () => {
    bug();

    expect([...retired().machine.journalOps()].at(-1)).toEqual({ op: 'send', caller: 1, port: 7 });
  });

  it('shows what it has', () => {
    bug();
    const { machine } = retired();

    expect(machine.port(1, 6)!.pending).toBe(true);
    expect(machine.domains().length).toBe(3);
    expect(machine.debugKeyE(1)).toContain('   7 [0/0/1]: s=6');
    expect(machine.outbox.read(1, 1000).effects.length).toBeGreaterThan(0);
    expect(machine.snapshot().format).toBe(SNAPSHOT_FORMAT);
  });

  it('is retired again, in the same op, by its journal', () => {
    bug();
    const { machine } = retired();

    const again = Machine.replay(machine.journalText());

    expect(again.retired).toEqual(machine.retired);
    expect(again.journalText()).toBe(machine.journalText());
  });

  it('works again where its journal is replayed without the bug', () => {
    bug();
    const text = retired().machine.journalText();
    vi.restoreAllMocks();

    const again = Machine.replay(text);

    expect(again.retired).toBe(undefined);
    expect(again.port(1, 7)!.pending).toBe(true);
  });

  it('leaves other machines alone', () => {
    bug();
    const other = boot();
    retired();

    expect(other.outcome(1, 'bind_ipi')).toBe('ok');
    expect(other.machine.retired).toBe(undefined);
  });
});

describe('a machine that checks its invariants', () => {
  it('is retired by the op after which one does not hold', () => {
    const xen = boot();
    xen.ipi(1);
    vi.spyOn(EVENT_2L, 'setPending').mockImplementation((_xen, domain) => {
      domain.activePorts += 1;
    });

    expect(xen.call(1, 'send', { port: 1 })).toMatchObject({ refused: 'retired' });

    expect(xen.machine.retired!.message).toBe('domain 1: 1 ports are active, not 2');
    expect(xen.machine.invariantViolations()).toEqual(['domain 1: 1 ports are active, not 2']);
  });

  it('is not where it was told not to check', () => {
    const xen = boot({ checkInvariants: false });
    xen.ipi(1);
    vi.spyOn(EVENT_2L, 'setPending').mockImplementation((_xen, domain) => {
      domain.activePorts += 1;
    });

    expect(xen.call(1, 'send', { port: 1 }).ok).toBe(true);
    expect(xen.machine.invariantViolations().length).toBe(1);
  });
});
