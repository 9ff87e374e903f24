import type { Steps } from '../lib/steps.ts';
import type { Port, VcpuId } from '../public/ids.ts';
import { executeHandlers } from './handlers.ts';
import type { Layer } from './layer.ts';

/**
 * The upcall under the FIFO ABI, as Linux's events_fifo takes it: the most urgent ready queue
 * first, one event at a time, until no queue of the vCPU is ready. The ready word is read again
 * after each event, so that a more urgent one comes next.
 */
export function* handleFifoUpcall(layer: Layer, cpu: VcpuId): Steps {
  const { fifo } = layer.host;
  yield 'clear upcall';
  layer.host.clearUpcall(cpu);
  yield 'take ready';
  let ready = fifo.takeReady(cpu);
  while (ready !== 0) {
    const queue = 31 - Math.clz32(ready & -ready);
    if (yield* consumeEvent(layer, cpu, queue)) ready &= ~(1 << queue);
    yield 'take ready';
    ready |= fifo.takeReady(cpu);
  }
}

/** Takes the event at the head of a queue; answers whether it was the last one. */
function* consumeEvent(layer: Layer, cpu: VcpuId, queue: number): Steps<boolean> {
  const { fifo } = layer.host;
  const heads = layer.fifo.heads[cpu]!;
  let port = heads[queue]!;
  if (port === 0) {
    yield 'read head'; // The queue was empty: Xen has begun a new one.
    port = fifo.head(cpu, queue);
  }
  yield 'unlink';
  const next = fifo.unlink(port);
  yield 'read word';
  if (fifo.isActive(port)) yield* servicePort(layer, port, cpu);
  heads[queue] = next;
  return next === 0;
}

/** A port is no longer pending when its handler starts. Any CPU that has it queued services it. */
function* servicePort(layer: Layer, port: Port, cpu: VcpuId): Steps {
  yield 'clear pending';
  layer.host.clearPending(port);
  yield 'read port table';
  const isrc = layer.portToIsrc[port];
  if (isrc === undefined) layer.events.fault({ kind: 'lost_event', port });
  else yield* executeHandlers(layer, isrc, cpu);
}
