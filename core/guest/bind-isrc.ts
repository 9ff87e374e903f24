import { acquire, release } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import type { Port } from '../public/ids.ts';
import { preparePort } from './abi.ts';
import { addHandler } from './handlers.ts';
import { assignCpu } from './hooks.ts';
import type { HandleRef, Handler, Isrc, IsrcType } from './isrc.ts';
import type { Layer } from './layer.ts';
import { releaseIsrc } from './release.ts';
import { takeIsrc } from './sources.ts';

/** Who binds: without a handler the port stays masked until addHandler. */
export interface Binding {
  readonly port: Port;
  readonly type: Exclude<IsrcType, 'unbound'>;
  readonly handler: Handler | undefined;
}

export type Bound =
  | { readonly error: 0; readonly isrc: Isrc }
  | { readonly error: number; readonly isrc?: never };

/**
 * xen_intr_bind_isrc: the common step of all binds. Gives a port that exists in Xen a source, maps
 * it, spreads PORT sources over the CPUs, and attaches the handler.
 *
 * - EINVAL (22): (FIFO) the guest has no memory for the port's event word.
 * - ENOSPC (28): there is no source left.
 * - what addHandler answers.
 */
export function* bindIsrc(layer: Layer, binding: Binding, handle: HandleRef): Steps<Bound> {
  const { knobs } = layer;
  if (knobs.publishHandleLate) handle.value = undefined;
  const unprepared = yield* preparePort(layer, binding.port);
  if (unprepared !== 0) return { error: unprepared };
  yield* acquire(layer.lock);
  const isrc = yield* takeIsrc(layer, binding.type);
  if (isrc === undefined) {
    yield* release(layer.lock);
    return { error: 28 };
  }
  initIsrc(layer, isrc);
  if (knobs.bindRepair) yield* makeAsNew(layer, binding.port);
  isrc.port = binding.port;
  yield 'write port table';
  layer.setPortToIsrc(binding.port, isrc);
  isrc.refcount = 1;
  yield* release(layer.lock);

  if (!knobs.publishHandleLate) handle.value = isrc;
  if (binding.type === 'port') yield* assignCpu(layer, isrc, pickCpu(layer));
  if (binding.handler !== undefined) {
    const error = yield* addHandler(layer, isrc, binding.handler);
    if (error !== 0) {
      yield* releaseIsrc(layer, isrc);
      return { error };
    }
  }
  handle.value = isrc;
  return { error: 0, isrc };
}

/** What a bind initialises: once only what release had left undone, later everything. */
function initIsrc(layer: Layer, isrc: Isrc): void {
  if (layer.knobs.closeResetOnBind) isrc.close = false;
  if (!layer.knobs.publishHandleLate) return;
  isrc.handler = undefined;
  isrc.cpu = 0;
}

/**
 * The port may have been closed behind its last source's back, and handed out again by Xen: that
 * source loses it, and the port becomes what the layer expects of a new one. Pending stays: Xen
 * cleared it when the port was closed, so an event that is there now is the new owner's.
 */
function* makeAsNew(layer: Layer, port: Port): Steps {
  const old = layer.portToIsrc[port];
  if (old !== undefined) old.port = layer.noPort;
  yield 'set mask';
  layer.checkBit('evtchn_mask', port);
  layer.host.testAndSetMask(port);
  for (const [cpu, { enabled }] of layer.cpus.entries()) {
    if (cpu === 0) enabled.set(port);
    else enabled.clear(port);
  }
}

function pickCpu(layer: Layer): number {
  const cpu = layer.nextCpu;
  layer.nextCpu = (cpu + 1) % layer.host.vcpus;
  return cpu;
}
