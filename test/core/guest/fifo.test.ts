import { describe, expect, it } from 'vitest';
import { Machine } from '../../../core/index.ts';
import { bootKernels, filter } from '../../support/kernels.ts';
import type { KernelHost } from '../../support/kernels.ts';

const boot = (): KernelHost => bootKernels({ knobs: { abi: 'fifo' } });

function ipi(host: KernelHost, dom: number, token: number): number {
  return host.must(dom, 'intr_alloc_and_bind_ipi', filter(token)).handle!;
}

describe('a kernel with the FIFO ABI', () => {
  it('sets it up for every vCPU as it boots, and adds array pages as ports need them', () => {
    const host = boot();

    expect(host.machine.domain(1)).toMatchObject({ abi: 'fifo', portsMax: 131_072 });
    expect(host.machine.arrayGfns(1)).toEqual([]);
    ipi(host, 1, 1);
    expect(host.machine.arrayGfns(1)).toEqual([1]);
  });

  it('handles an event from end to end, and again', () => {
    const host = boot();
    const [front, back] = host.pair(1, 2);
    host.must(1, 'intr_handled', { handle: front });
    host.must(2, 'intr_handled', { handle: back });
    host.news();

    host.must(2, 'intr_signal', { handle: back });
    expect(host.handled(1)).toEqual(['ithread 1']);
    host.must(2, 'intr_signal', { handle: back });
    expect(host.handled(1)).toEqual([]);
    host.must(1, 'intr_handled', { handle: front });
    expect(host.handled(1)).toEqual(['ithread 1']);
  });

  it('takes the most urgent queue first, and each queue in the order of its events', () => {
    const host = boot();
    const handles = [1, 2, 3].map((token) => ipi(host, 1, token));
    host.must(1, 'set_priority', { port: host.portOf(1, handles[2]!), priority: 0 });
    host.must(1, 'intr_upcall', { cpu: 0, thread: 9 }); // While a thread stands, none is taken.
    host.news();

    for (const handle of handles) host.must(1, 'send', { port: host.portOf(1, handle) });
    host.must(1, 'thread_run', { thread: 9, steps: 1000 });

    expect(host.handled(1)).toEqual(['filter 3', 'filter 1', 'filter 2']);
  });

  it('sets it up again after a real suspend: VIRQs and IPIs go on', () => {
    const host = boot();
    const handle = ipi(host, 1, 5);
    const dom = host.suspend(1, 'real');
    host.news();

    expect(host.machine.domain(dom)!.abi).toBe('fifo');
    host.must(dom, 'intr_signal', { handle });
    expect(host.handled(dom)).toEqual(['filter 5']);
  });

  it('panics where it is told that it is in a new domain, and is not', () => {
    const host = boot();
    host.suspend(1, 'uncooperative');

    expect(host.kernel(1).dead).toEqual({ kind: 'panic', text: 'no control block for CPU#0: -22' });
  });

  it('starts anew after a soft reset', () => {
    const host = boot();
    ipi(host, 1, 1);
    host.suspend(1, 'soft_reset');
    const handle = ipi(host, 1, 6);
    host.news();

    host.must(1, 'intr_signal', { handle });
    expect(host.handled(1)).toEqual(['filter 6']);
  });

  it('goes on in a fork, and in a replay of the journal', () => {
    const host = boot();
    const handle = ipi(host, 1, 5);
    host.must(1, 'intr_signal', { handle });
    const hash = host.machine.stateHash();

    expect(host.machine.fork().stateHash()).toBe(hash);
    expect(Machine.replay(host.machine.journalText()).stateHash()).toBe(hash);
  });
});
