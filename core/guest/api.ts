import { acquire, release } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { ERRNO } from '../public/errno.ts';
import type { Failure } from '../public/errno.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';
import { bindIsrc } from './bind-isrc.ts';
import type { Binding, Bound } from './bind-isrc.ts';
import { FatalFault, panic } from './fault.ts';
import { removeHandler } from './handlers.ts';
import { assignCpu } from './hooks.ts';
import type { HandleRef, Handler } from './isrc.ts';
import type { Layer } from './layer.ts';
import { releaseIsrc } from './release.ts';

/*
 * The functions of xen/xen_intr.h. They answer 0 or an errno: their own, or that of the hypercall
 * that failed, in Xen's numbers.
 */

const errnoOf = (failure: Failure): number => ERRNO[failure.errno];

/**
 * xen_intr_bind_local_port: handles the events of a port that exists already, as those of xenstore
 * and the console do. Unbinding does not close it.
 *
 * - EINVAL (22): (where `localPortCheck`) port 0, one out of range, or one that has a source.
 * - ENOSPC (28): no source is left; what add_handler answers.
 */
export function* bindLocalPort(
  layer: Layer,
  args: { port: Port; handler: Handler | undefined },
  handle: HandleRef,
): Steps<number> {
  const { port, handler } = args;
  if (layer.knobs.localPortCheck && !isBindable(layer, port)) return 22;
  const bound = yield* bindIsrc(layer, { port, type: 'port', handler }, handle);
  if (bound.error === 0) bound.isrc!.close = false;
  return bound.error;
}

const isBindable = (layer: Layer, port: Port): boolean =>
  port > 0 && port < layer.nr && layer.portToIsrc[port] === undefined;

/** xen_intr_alloc_and_bind_local_port: allocates a port that `remoteDom` may bind to. */
export function* allocAndBindLocalPort(
  layer: Layer,
  args: { remoteDom: Domid; handler: Handler | undefined },
  handle: HandleRef,
): Steps<number> {
  yield 'hypercall alloc_unbound';
  const result = layer.host.allocUnbound(args.remoteDom);
  if (!result.ok) return errnoOf(result);
  const { port } = result.value;
  return yield* bindOwnPort(layer, { port, type: 'port', handler: args.handler }, handle);
}

/** xen_intr_bind_remote_port: joins a new port to `remotePort`. */
export function* bindRemotePort(
  layer: Layer,
  args: { remoteDom: Domid; remotePort: Port; handler: Handler | undefined },
  handle: HandleRef,
): Steps<number> {
  yield 'hypercall bind_interdomain';
  const result = layer.host.bindInterdomain(args.remoteDom, args.remotePort);
  if (!result.ok) return errnoOf(result);
  const port = result.value.localPort;
  return yield* bindOwnPort(layer, { port, type: 'port', handler: args.handler }, handle);
}

/** Binds a port that the layer just opened: it is closed again if that fails, or when unbound. */
function* bindOwnPort(layer: Layer, binding: Binding, handle: HandleRef): Steps<number> {
  const bound = yield* bindIsrc(layer, binding, handle);
  if (bound.error !== 0) yield* closeOwnPort(layer, binding.port);
  else bound.isrc!.close = true;
  return bound.error;
}

/** xen_intr_bind_virq: handles a VIRQ on `cpu`. */
export function* bindVirq(
  layer: Layer,
  args: { virq: number; cpu: VcpuId; handler: Handler | undefined },
  handle: HandleRef,
): Steps<number> {
  yield 'hypercall bind_virq';
  const result = layer.host.bindVirq(args.virq, args.cpu);
  if (!result.ok) return errnoOf(result);
  const { port } = result.value;
  const bound = yield* bindIsrc(layer, { port, type: 'virq', handler: args.handler }, handle);
  const error = bound.error || layer.failNextEventBind;
  layer.failNextEventBind = 0;
  if (error !== 0) return yield* undoVcpuBind(layer, bound, port, handle, error);
  const isrc = bound.isrc!;
  if (isrc.cpu !== args.cpu) yield* assignCpu(layer, isrc, args.cpu);
  isrc.close = true;
  isrc.virq = args.virq;
  return 0;
}

/** xen_intr_alloc_and_bind_ipi: handles IPIs to `cpu`, with a filter. */
export function* allocAndBindIpi(
  layer: Layer,
  args: { cpu: VcpuId; handler: Handler | undefined },
  handle: HandleRef,
): Steps<number> {
  yield 'hypercall bind_ipi';
  const result = layer.host.bindIpi(args.cpu);
  if (!result.ok) return errnoOf(result);
  const { port } = result.value;
  const bound = yield* bindIsrc(layer, { port, type: 'ipi', handler: args.handler }, handle);
  if (bound.error !== 0) return yield* undoVcpuBind(layer, bound, port, handle, bound.error);
  const isrc = bound.isrc!;
  if (isrc.cpu !== args.cpu) yield* assignCpu(layer, isrc, args.cpu);
  isrc.close = true;
  return 0;
}

/** The error path of bind_virq and bind_ipi: unbinds what was bound, and closes the port. */
function* undoVcpuBind(
  layer: Layer,
  bound: Bound,
  port: Port,
  handle: HandleRef,
  error: number,
): Steps<number> {
  if (layer.knobs.unbindIndirection === 'wrong' && handle.value !== undefined) {
    const what = 'unbind took the source for a handle: its PIC pointer was zeroed as a reference';
    throw new FatalFault({ kind: 'corruption', what });
  }
  if (bound.error === 0) yield* unbind(layer, handle);
  yield* closeOwnPort(layer, port);
  return error;
}

function* closeOwnPort(layer: Layer, port: Port): Steps {
  yield 'hypercall close';
  if (!layer.host.close(port).ok) panic('EVTCHNOP_close failed');
}

/**
 * xen_intr_unbind: drops a reference; the last one removes the handler and releases the source.
 * The handle is cleared at once, and a cleared one may be unbound again.
 */
export function* unbind(layer: Layer, handle: HandleRef): Steps {
  const isrc = handle.value;
  handle.value = undefined;
  if (isrc === undefined) return;
  yield* acquire(layer.lock);
  isrc.refcount -= 1;
  const last = isrc.refcount === 0;
  yield* release(layer.lock);
  if (!last) return;
  yield* removeHandler(layer, isrc);
  yield 'handler removed';
  yield* releaseIsrc(layer, isrc);
}

/** xen_intr_signal: sends on the port of a PORT or IPI source. What Xen answers is not told. */
export function* signal(layer: Layer, { value: isrc }: HandleRef): Steps {
  if (isrc === undefined) return;
  layer.kassert(isrc.type === 'port' || isrc.type === 'ipi', 'evtchn_signal on something else');
  if (layer.knobs.signalGuard && !layer.owns(isrc)) return;
  yield 'hypercall send';
  layer.host.send(isrc.port);
}

/**
 * xen_intr_get_evtchn_from_port: a second handle for the source of `port`, with a reference.
 *
 * - EINVAL (22): the port is not valid, or has no source.
 */
export function* getEvtchnFromPort(layer: Layer, port: Port, handle: HandleRef): Steps<number> {
  if (!layer.isValid(port) || port >= layer.nr) return 22;
  yield* acquire(layer.lock);
  yield 'read port table';
  const isrc = layer.portToIsrc[port];
  if (isrc === undefined) {
    yield* release(layer.lock);
    return 22;
  }
  isrc.refcount += 1;
  yield* release(layer.lock);
  yield 'read port table again';
  handle.value = layer.knobs.lookUpUnderLock ? isrc : layer.portToIsrc[port];
  return 0;
}
