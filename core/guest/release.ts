import { acquire, release } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { panic } from './fault.ts';
import type { Isrc } from './isrc.ts';
import type { Layer } from './layer.ts';
import { recycleIsrc } from './sources.ts';

/**
 * xen_intr_release_isrc: takes a source without handlers off its port, closes the port if the layer
 * opened it, and lets the source be taken again. Whether the port is still the source's own is the
 * question of the review: `releaseGuard` says who asks it, `guardUnderLock` when.
 */
export function* releaseIsrc(layer: Layer, isrc: Isrc): Steps {
  const early = layer.knobs.guardUnderLock ? undefined : mayTouchPort(layer, isrc);
  yield* acquire(layer.lock);
  layer.kassert(isrc.handler === undefined, 'Release called, but xenisrc still in use');
  if (early ?? mayTouchPort(layer, isrc)) yield* leavePort(layer, isrc);
  isrc.cpu = 0;
  isrc.port = layer.noPort;
  isrc.handler = undefined;
  recycleIsrc(layer, isrc);
  yield* release(layer.lock);
}

function mayTouchPort(layer: Layer, isrc: Isrc): boolean {
  switch (layer.knobs.releaseGuard) {
    case 'none':
      return true;
    case 'range':
      return isrc.port < layer.nr;
    case 'owner':
      return layer.owns(isrc);
  }
}

function* leavePort(layer: Layer, isrc: Isrc): Steps {
  const { port } = isrc;
  layer.checkBit('evtchn_mask', port);
  yield 'set mask';
  layer.host.testAndSetMask(port);
  yield 'clear pending';
  layer.host.clearPending(port);
  layer.cpus[isrc.cpu]!.enabled.clear(port);
  layer.cpus[0]!.enabled.set(port);
  if (isrc.close && layer.isValid(port)) {
    yield 'hypercall close';
    if (!layer.host.close(port).ok) panic('EVTCHNOP_close failed');
  }
  yield 'write port table';
  layer.setPortToIsrc(port, undefined);
}
