import type { Steps } from '../lib/steps.ts';
import type { VcpuId } from '../public/ids.ts';
import { FatalFault } from './fault.ts';
import { disableIntr, disableSource, enableIntr, enableSource } from './hooks.ts';
import type { Handler, Isrc } from './isrc.ts';
import type { Layer } from './layer.ts';

/**
 * xen_intr_add_handler: attaches the handler, which enables the source.
 *
 * - EINVAL (22): there is no source, it has a handler, or the handler neither filters nor threads.
 */
export function* addHandler(layer: Layer, isrc: Isrc | undefined, handler: Handler): Steps<number> {
  if (isrc === undefined || isrc.handler !== undefined) return 22;
  const error = layer.failNextHandler || (handler.filter || handler.ithread ? 0 : 22);
  layer.failNextHandler = 0;
  if (error !== 0) {
    layer.events.log(`add handler failed: ${error}`);
    return error;
  }
  if (layer.foreignVectors.has(isrc.index)) {
    const what = `a handler of Xen's on the foreign source of vector ${isrc.index}`;
    throw new FatalFault({ kind: 'corruption', what });
  }
  isrc.handler = handler;
  yield* enableIntr(layer, isrc);
  yield* enableSource(layer, isrc);
  return 0;
}

/** intr_remove_handler: the source is disabled. */
export function* removeHandler(layer: Layer, isrc: Isrc): Steps {
  if (isrc.handler === undefined) return;
  isrc.handler = undefined;
  isrc.ithreadRunning = false;
  yield* disableSource(layer, isrc);
  yield* disableIntr(layer, isrc);
}

/** intr_execute_handlers: runs the filter, schedules the ithread; without either it is a stray. */
export function* executeHandlers(layer: Layer, isrc: Isrc, cpu: VcpuId): Steps {
  const { handler } = isrc;
  if (handler === undefined) {
    layer.events.fault({ kind: 'stray_event', port: isrc.port, vcpu: cpu });
    yield* disableSource(layer, isrc);
    return;
  }
  if (handler.filter) layer.events.interrupt(isrc, handler, 'filter', cpu);
  if (!handler.ithread) return;
  yield* disableSource(layer, isrc);
  isrc.ithreadRunning = true;
  layer.events.interrupt(isrc, handler, 'ithread', cpu);
}

/** The ithread of a source has run: events that came meanwhile are delivered now. */
export function* ithreadDone(layer: Layer, isrc: Isrc): Steps {
  if (!isrc.ithreadRunning) return;
  isrc.ithreadRunning = false;
  yield* enableSource(layer, isrc);
}
