import { describe, expect, it } from 'vitest';
import { allocAndBindIpi, signal } from '../../../core/guest/api.ts';
import { assignCpu } from '../../../core/guest/hooks.ts';
import type { HandleRef } from '../../../core/guest/isrc.ts';
import { handleUpcall } from '../../../core/guest/upcall.ts';
import { atomically } from '../../../core/lib/steps.ts';
import { LayerBench } from '../../support/layers.ts';

/** Ports 1 to `count`, each an IPI of CPU 0 whose token is its port. */
function ports(bench: LayerBench, count: number): HandleRef[] {
  return Array.from({ length: count }, (_, index) => {
    const handle: HandleRef = { value: undefined };
    const handler = { token: index + 1, filter: true, ithread: false };
    atomically(allocAndBindIpi(bench.layer, { cpu: 0, handler }, handle));
    return handle;
  });
}

const scan = (bench: LayerBench): string[] => {
  bench.told.length = 0;
  atomically(handleUpcall(bench.layer, 0));
  return bench.told;
};

describe.each([
  ['hvm64', 64],
  ['hvm32', 32],
] as const)('the upcall scan of %s, with words of %i ports', (guest, bits) => {
  it('goes on in the word after the last processed port, at the bit after it', () => {
    const bench = new LayerBench({ guest });
    const handles = ports(bench, bits + 20);
    atomically(signal(bench.layer, handles[9]!));
    scan(bench);
    for (const at of [4, bits + 4, bits + 14]) atomically(signal(bench.layer, handles[at]!));

    const order = [bits + 15, bits + 5, 5].map((port) => `filter ${port}`);
    expect([...scan(bench)].sort()).toEqual([...order].sort());
    expect(bench.told[0]).toBe(order[0]);
  });

  it('clears the upcall, then the selector, then the pending bit, and then calls', () => {
    const bench = new LayerBench({ guest });
    const handles = ports(bench, 1);
    atomically(signal(bench.layer, handles[0]!));
    bench.calls.length = 0;

    expect(scan(bench)).toEqual(['filter 1']);
    expect(bench.calls).toEqual(['clearUpcall 0', 'takeSelector 0', 'clearPending 1']);
  });

  it('skips a masked port, which stays pending until it is unmasked', () => {
    const bench = new LayerBench({ guest });
    const handles = ports(bench, 1);
    bench.layer.host.testAndSetMask(1);
    atomically(signal(bench.layer, handles[0]!));
    bench.select(0, 1);

    expect(scan(bench)).toEqual([]);
    bench.layer.host.unmask(1);
    expect(scan(bench)).toEqual(['filter 1']);
  });

  it('forgets the events of an IPI that is assigned to another CPU: Xen still tells the old', () => {
    const bench = new LayerBench({ guest });
    const handles = ports(bench, 1);
    atomically(assignCpu(bench.layer, handles[0]!.value!, 1));
    atomically(signal(bench.layer, handles[0]!));

    expect(scan(bench)).toEqual([]);
  });
});
