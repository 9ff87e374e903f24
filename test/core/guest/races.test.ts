import { describe, expect, it } from 'vitest';
import { unmaskPort } from '../../../core/guest/abi.ts';
import { allocAndBindLocalPort } from '../../../core/guest/api.ts';
import { ithreadDone } from '../../../core/guest/handlers.ts';
import { assignCpu } from '../../../core/guest/hooks.ts';
import type { HandleRef } from '../../../core/guest/isrc.ts';
import { handleUpcall } from '../../../core/guest/upcall.ts';
import { atomically } from '../../../core/lib/steps.ts';
import type { Steps } from '../../../core/lib/steps.ts';
import { exploreAll } from '../../support/interleavings.ts';
import { LayerBench, ignored } from '../../support/layers.ts';

interface Channel {
  readonly bench: LayerBench;
  readonly handle: HandleRef;
  readonly port: number;
  /** The peer sends: a hypercall of its own, which Xen makes at once. */
  send(): Steps;
}

function channel(abi: '2l' | 'fifo', stage: 'filter' | 'ithread' = 'filter'): Channel {
  const bench = new LayerBench({ knobs: { abi } });
  const handle: HandleRef = { value: undefined };
  const handler = { token: 7, filter: stage === 'filter', ithread: stage === 'ithread' };
  atomically(allocAndBindLocalPort(bench.layer, { remoteDom: 2, handler }, handle));
  const { port } = handle.value!;
  const peerPort = bench.join(port);
  bench.drain(); // A join tells both ends.
  if (stage === 'ithread') atomically(ithreadDone(bench.layer, handle.value!));
  bench.told.length = 0;
  return {
    bench,
    handle,
    port,
    *send() {
      yield 'hypercall send';
      bench.told.push('sent');
      bench.sendFrom(peerPort);
    },
  };
}

/** After the last event was sent, a handler ran; whatever came before may have run with it. */
function expectSeen({ bench }: Channel, schedule: string): void {
  bench.drain();
  const last = bench.told.lastIndexOf('sent');
  expect(bench.told.slice(last + 1), schedule).toContain('filter 7');
}

describe.each(['2l', 'fifo'] as const)('under %s, in every order of the steps', (abi) => {
  it('no event is lost that is sent while its port is unmasked', () => {
    const runs = exploreAll(() => {
      const made = channel(abi);
      made.bench.layer.host.testAndSetMask(made.port);
      const threads = [unmaskPort(made.bench.layer, made.port), made.send()];
      return { threads, check: (schedule) => expectSeen(made, schedule) };
    });

    expect(runs).toBeGreaterThan(2);
  });

  it('no event is lost that is sent while the upcall scans for the one before', () => {
    const runs = exploreAll(() => {
      const made = channel(abi);
      atomically(made.send());
      const cpu = made.handle.value!.cpu;
      const threads = [handleUpcall(made.bench.layer, cpu), made.send(), made.send()];
      return { threads, check: (schedule) => expectSeen(made, schedule) };
    });

    expect(runs).toBeGreaterThan(50);
  });

  it('no event is lost that is sent while the port is unmasked and the upcall scans', () => {
    const runs = exploreAll(() => {
      const made = channel(abi);
      atomically(made.send());
      made.bench.layer.host.testAndSetMask(made.port);
      const cpu = made.handle.value!.cpu;
      const { layer } = made.bench;
      const threads = [handleUpcall(layer, cpu), unmaskPort(layer, made.port), made.send()];
      return { threads, check: (schedule) => expectSeen(made, schedule) };
    });

    expect(runs).toBeGreaterThan(100);
  });

  it('no event is lost that is sent while its port moves to another CPU', () => {
    exploreAll(() => {
      const made = channel(abi);
      const { layer } = made.bench;
      const threads = [ignored(assignCpu(layer, made.handle.value!, 3)), made.send()];
      return { threads, check: (schedule) => expectSeen(made, schedule) };
    });
  });

  it('an event that comes while the ithread ends is delivered then', () => {
    exploreAll(() => {
      const made = channel(abi, 'ithread');
      atomically(made.send());
      made.bench.drain();
      made.bench.told.length = 0;
      const threads = [ithreadDone(made.bench.layer, made.handle.value!), made.send()];
      const check = (schedule: string): void => {
        made.bench.drain();
        expect(made.bench.told, schedule).toEqual(['sent', 'ithread 7']);
      };
      return { threads, check };
    });
  });
});
