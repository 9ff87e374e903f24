import type { Steps } from '../lib/steps.ts';
import { ERRNO } from '../public/errno.ts';
import { EVENT_WORDS_PER_PAGE } from '../public/fifo.ts';
import type { Port } from '../public/ids.ts';
import { FatalFault, panic } from './fault.ts';
import type { Layer } from './layer.ts';

/*
 * What the ABI of its events asks of a kernel besides the upcall: 2-level as FreeBSD has it, or
 * FIFO as Linux does.
 */

/**
 * As the kernel boots, and again when it resumes in a new domain: no event comes yet. Under FIFO
 * every vCPU is given an empty control block, and the array has no page.
 */
export function* setUpAbi(layer: Layer): Steps {
  if (layer.knobs.abi === '2l') {
    yield 'mask all';
    layer.host.maskAll();
    return;
  }
  layer.fifo.pages = 0;
  for (const [cpu, heads] of layer.fifo.heads.entries()) {
    heads.fill(0);
    yield 'hypercall init_control';
    const result = layer.host.fifo.initControl(cpu);
    if (!result.ok) panic(`no control block for CPU#${cpu}: ${-ERRNO[result.errno]}`);
  }
}

/** Makes the array reach `port`: its pages come with every event masked. Answers 0 or an errno. */
export function* preparePort(layer: Layer, port: Port): Steps<number> {
  if (layer.knobs.abi === '2l') return 0;
  const { fifo } = layer;
  while (fifo.pages * EVENT_WORDS_PER_PAGE <= port) {
    yield 'hypercall expand_array';
    const result = layer.host.fifo.expandArray(fifo.pages);
    if (!result.ok) return ERRNO[result.errno];
    fifo.pages += 1;
  }
  return 0;
}

/** 2-level: always a hypercall. FIFO: MASKED is cleared here, and Xen asked if an event waits. */
export function* unmaskPort(layer: Layer, port: Port): Steps {
  if (layer.knobs.abi === 'fifo') {
    yield 'clear MASKED';
    const left = layer.host.fifo.clearMasked(port);
    if (left === 'busy') throw new FatalFault({ kind: 'hang', lock: `BUSY of port ${port}` });
    if (left === 'idle') return;
  }
  yield 'hypercall unmask';
  layer.host.unmask(port);
}
