import { acquire, release } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { FatalFault, panic } from './fault.ts';
import { Isrc } from './isrc.ts';
import type { IsrcType } from './isrc.ts';
import type { Layer } from './layer.ts';

/**
 * A source for a new binding: an unused one, or a new one. Called with the lock held, which a new
 * one gives up while it allocates memory. Undefined: there are none left.
 */
export function* takeIsrc(layer: Layer, type: IsrcType): Steps<Isrc | undefined> {
  const unused = findUnused(layer);
  if (unused !== undefined) {
    unused.type = type;
    return unused;
  }
  return yield* allocIsrc(layer, type);
}

/** The source may be taken again. */
export function recycleIsrc(layer: Layer, isrc: Isrc): void {
  isrc.type = 'unbound';
  if (layer.knobs.recycle === 'lifo') layer.freeList.push(isrc);
}

function findUnused(layer: Layer): Isrc | undefined {
  if (layer.knobs.recycle === 'lifo') return layer.freeList.pop();
  for (const isrc of layer.isrcs) {
    const foreign = layer.foreignVectors.has(isrc.index);
    if (foreign && layer.knobs.recycle === 'lowest-unchecked') takeForeign(isrc);
    if (!foreign && isrc.type === 'unbound') return isrc;
  }
  return undefined;
}

/** A foreign driver's source was registered at this vector: xi_type is read from its memory. */
function takeForeign({ index }: Isrc): never {
  const what = `the foreign source of vector ${index} taken for an unused one of Xen's`;
  throw new FatalFault({ kind: 'corruption', what });
}

function* allocIsrc(layer: Layer, type: IsrcType): Steps<Isrc | undefined> {
  const index = layer.isrcs.length;
  const exhausted = layer.knobs.allocGuard === 'gt' ? index > layer.nr : index >= layer.nr;
  if (exhausted) {
    if (!layer.warnedExhausted) layer.events.log('Xen interrupts exhausted');
    layer.warnedExhausted = true;
    return undefined;
  }
  const isrc = new Isrc(index, layer.noPort);
  isrc.type = type;
  layer.isrcs.push(isrc);
  yield* release(layer.lock);
  yield 'malloc';
  registerSource(layer, isrc);
  yield* acquire(layer.lock);
  return isrc;
}

/** intr_register_source: Xen's range of vectors is the last of the table. */
function registerSource(layer: Layer, { index }: Isrc): void {
  if (index >= layer.nr) {
    layer.kassert(false, `IRQ ${index} too large`);
    throw new FatalFault({ kind: 'oob_write', array: 'interrupt_sources', index });
  }
  if (layer.foreignVectors.has(index) && layer.knobs.registerCheck) {
    panic(`failed registering interrupt ${index}, error=17`);
  }
}
