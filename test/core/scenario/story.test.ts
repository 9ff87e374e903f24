import { describe, expect, it } from 'vitest';
import { parseScenario, runScenario, storyText } from '../../../core/index.ts';
import type { Scenario } from '../../../core/index.ts';
import { play, scenario } from './support.ts';

/** A scenario of one's own: the steps are what differs. */
function own(steps: readonly object[], outcome: unknown = 'ok', vcpus = 1): Scenario {
  const expected = Object.fromEntries(
    ['old-2021', 'landed-2023', 'fixed-2024', 'review-ideal'].map((name) => [name, outcome]),
  );
  const domains = [{ dom: 1, kernel: true, vcpus }, { dom: 2 }];
  const file = {
    format: 'evtchnd-scenario/1',
    name: 'own',
    title: 'own',
    domains,
    steps,
    expected,
  };
  return parseScenario(JSON.stringify(file), 'own.json');
}

const lines = (of: Scenario): string[] => play(of).story.flatMap(({ right }) => right);

describe('a story', () => {
  it('is told in two columns, with the fault and where it came from', () => {
    expect(storyText(play(scenario('S13'), 'landed-2023'))).toBe(`S13 in landed-2023

 1  h = alloc_and_bind_local_port(dom 2,        EVTCHNOP_alloc_unbound: dom 1 port 1 is unbound
    ithread)                                    EVTCHNOP_bind_vcpu: dom 1 port 1 notifies vCPU 0
                                                EVTCHNOP_unmask: dom 1 port 1 unmasked
                                                EVTCHNOP_unmask: dom 1 port 1 unmasked
                                                  mask bit 1: 1 → 0
                                                  table[1]: none → source 0
 2  outside: suspend(real)                      dom 1: suspending
 3  outside: resume(real, precreate 0, newDom   dom 1: suspended
    same)                                       dom 1 port 1 closed (it was unbound)
                                                dom 1: domain_destroyed
                                                dom 1: domain_created
                                                dom 1 port 1 is unbound
                                                dom 1 port 2 is unbound
                                                dom 1: resumed
                                                  mask bit 1: 0 → 1
                                                  table[1]: source 0 → none
 4  unbind(h)                                   ! page_fault: evtchn_mask[4294967295]
    — As every front-end does.

page_fault: evtchn_mask[4294967295]
  at step 4: unbind(h) (As every front-end does.)
as expected`);
  });

  it('says which invariant broke first, and goes on to what anybody would notice', () => {
    const result = play(scenario('S4'), 'fixed-2024');

    expect(result.firstSign).toEqual({
      outcome: { kind: 'invariant', invariant: 'closed_by_owner', port: 1 },
      step: 5,
    });
    expect(result.step).toBe(6);
  });

  it('says who waits for whom where a schedule blocks', () => {
    const blocked = own([
      { do: 'alloc_and_bind_local_port', as: 'h1', remoteDom: 2, thread: 'T1' },
      { run: 'T1', to: 'write port table' },
      { do: 'alloc_and_bind_local_port', as: 'h2', remoteDom: 2, thread: 'T2' },
      { run: 'T2' },
      { run: 'T1' },
      { run: 'T2' },
    ]);

    expect(lines(blocked)).toContain('T2 waits for xen-irq-lock, which T1 holds');
    expect(play(blocked).outcome).toBe('ok');
  });

  it('shows invariants that break, without faults that tell of them', () => {
    const lost = own([
      { do: 'alloc_and_bind_local_port', as: 'h', remoteDom: 2, handler: 'none', portAs: 'P' },
      { do: 'hv.bind_interdomain', dom: 2, remoteDom: 1, remotePort: 'P', as: 'Q' },
      { do: 'hv.send', dom: 2, port: 'Q' },
      { do: 'mem.unmask', port: 'P', why: 'A plain bit clear: Xen is not told.' },
    ]);

    expect(play(lost).outcome).toEqual({ kind: 'invariant', invariant: 'no_lost_wakeup', port: 1 });
    expect(play(scenario('S3'), 'old-2021').firstSign?.outcome).toMatchObject({
      invariant: 'reserved_bits',
      port: 0,
    });
    expect(play(scenario('S5'), 'fixed-2024').firstSign?.outcome).toMatchObject({
      invariant: 'enabled_once',
      port: 1,
    });
  });

  it('ends in a hang where a thread waits for ever', () => {
    const hung = own([
      { do: 'alloc_and_bind_local_port', as: 'h', remoteDom: 2, thread: 'T1' },
      { run: 'T1', to: 'write port table' },
      { do: 'alloc_and_bind_local_port', as: 'h2', remoteDom: 2 },
    ]);

    expect(play(hung).outcome).toEqual({ kind: 'hang', lock: 'xen-irq-lock' });
  });

  it('stops at the first expectation that fails, and tells what it found', () => {
    const wrong = own([
      { do: 'alloc_and_bind_local_port', as: 'h', remoteDom: 2 },
      { expect: 'masked', port: 'port(h)', is: true },
      { do: 'unbind', handle: 'h' },
    ]);
    const result = play(wrong);

    expect(result.outcome).toEqual({
      kind: 'expectation',
      what: 'masked(port port(h)) = true',
      found: 'false',
    });
    expect([result.step, result.story.length, result.asExpected]).toEqual([2, 2, false]);
    expect(storyText(result)).toContain('NOT as expected, which is: ok: nothing went wrong');
  });

  it('can ask about a domain that is gone, and not act in it', () => {
    const asked = own([
      { do: 'destroy', dom: 2 },
      { expect: 'masked', dom: 2, port: 1, is: false },
    ]);
    const acted = own([
      { do: 'destroy', dom: 2 },
      { do: 'hv.send', dom: 2, port: 1 },
    ]);

    expect(play(asked).outcome).toMatchObject({ kind: 'expectation', found: 'no domain' });
    expect(play(acted).outcome).toMatchObject({ kind: 'refused' });
  });

  it('can tell every kind of step, and every question', () => {
    const all = own(
      [
        { do: 'hv.alloc_unbound', remoteDom: 2, as: 'P' },
        { do: 'bind_local_port', as: 'a', port: 'P', handler: 'none' },
        { do: 'add_handler', handle: 'a', handler: 'both' },
        { do: 'hv.bind_interdomain', dom: 2, remoteDom: 1, remotePort: 'P', as: 'Q' },
        { do: 'get_evtchn_from_port', as: 'b', port: 'P' },
        { expect: 'source', handle: 'b', is: 'a' },
        { expect: 'mapped', port: 'P', is: 'a' },
        { do: 'assign_cpu', handle: 'a', cpu: 1 },
        { expect: 'enabled', port: 'P', cpu: 1, is: true },
        { expect: 'enabled', port: 'P', cpu: 0, is: false },
        { do: 'hv.send', dom: 2, port: 'Q' },
        { expect: 'interrupts', handle: 'a', is: 1 },
        { expect: 'masked', port: 'P', is: true },
        { do: 'handled', handle: 'a' },
        { do: 'mem.mask', port: 'P' },
        { do: 'hv.send', dom: 2, port: 'Q' },
        { expect: 'pending', port: 'P', is: true },
        { do: 'mem.clear_pending', port: 'P' },
        { do: 'hv.unmask', port: 'P' },
        { do: 'signal', handle: 'a', hypercalls: ['send'] },
        { expect: 'pending', dom: 2, port: 'Q', is: true },
        { do: 'unbind', handle: 'a' },
        { do: 'unbind', handle: 'b' },
        { expect: 'state', port: 'P', is: 'interdomain' },
        { do: 'bind_virq', as: 'v', virq: 0, cpu: 1 },
        { do: 'raise_virq', virq: 0, vcpu: 1 },
        { expect: 'interrupts', handle: 'v', is: 1 },
        { do: 'alloc_and_bind_ipi', as: 'i', cpu: 1 },
        { do: 'signal', handle: 'i' },
        { expect: 'interrupts', handle: 'i', is: 1 },
        { do: 'hv.bind_ipi', vcpu: 1, as: 'I' },
        { do: 'hv.bind_vcpu', port: 'I', vcpu: 0, errno: 'EINVAL' },
        { do: 'hv.close', port: 'I' },
        { do: 'suspend', mode: 'cancelled' },
        { do: 'resume', mode: 'cancelled' },
        { do: 'suspend' },
        { do: 'resume', newDom: 'next', precreate: 1 },
        { expect: 'open_ports', is: 5 },
        { do: 'raise_virq', virq: 0, vcpu: 1 },
        { do: 'suspend', mode: 'soft_reset' },
        { do: 'resume', mode: 'soft_reset' },
        { do: 'reset' },
        { do: 'destroy', dom: 2 },
      ],
      'ok',
      2,
    );
    const result = play(all);

    expect(storyText(result)).toContain('as expected');
    expect(result.asExpected, storyText(result)).toBe(true);
    expect(result.story).toHaveLength(43);
  });

  it('is not expected to change by knobs that the file does not turn', () => {
    const result = runScenario(scenario('S13'), {
      variant: 'review-ideal',
      set: { recycle: 'lowest' },
    });

    expect([result.expected, result.asExpected]).toEqual(['ok', true]);
  });
});
