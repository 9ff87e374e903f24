import { acquire, release } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import type { VcpuId } from '../public/ids.ts';
import { unmaskPort } from './abi.ts';
import type { Isrc } from './isrc.ts';
import type { Layer } from './layer.ts';

/*
 * The PIC's hooks, which the generic interrupt code calls: when the first handler comes, around an
 * ithread, and when the last handler goes.
 */

/** Unmasks the port. Of no port it is a hypercall that fails, and nothing else. */
export function* enableIntr(layer: Layer, isrc: Isrc): Steps {
  yield* unmaskPort(layer, isrc.port);
}

export function* disableIntr(layer: Layer, isrc: Isrc): Steps {
  if (layer.knobs.disableHookGuard && !layer.isValid(isrc.port)) return;
  yield 'set mask';
  layer.checkBit('evtchn_mask', isrc.port);
  layer.host.testAndSetMask(isrc.port);
}

/** Masks the port, and remembers whether it was masked: then somebody wants it so. */
export function* disableSource(layer: Layer, isrc: Isrc): Steps {
  if (layer.knobs.disableHookGuard && !layer.isValid(isrc.port)) return;
  yield 'test and set mask';
  layer.checkBit('evtchn_mask', isrc.port);
  isrc.masked = layer.host.testAndSetMask(isrc.port);
}

export function* enableSource(layer: Layer, isrc: Isrc): Steps {
  if (isrc.masked && layer.knobs.maskedState) return;
  yield* unmaskPort(layer, isrc.port);
}

/**
 * Sends a source's events to another CPU. VIRQs and IPIs only change who services them, as Xen
 * fixed their vCPU when they were bound. The failure of EVTCHNOP_bind_vcpu is not told.
 *
 * - EINVAL (22): the source has no port.
 */
export function* assignCpu(layer: Layer, isrc: Isrc, cpu: VcpuId): Steps<number> {
  yield* acquire(layer.lock);
  if (!layer.isValid(isrc.port)) {
    yield* release(layer.lock);
    return 22;
  }
  yield 'test and set mask';
  layer.checkBit('evtchn_mask', isrc.port);
  const masked = layer.host.testAndSetMask(isrc.port);
  const moved = isrc.type === 'port' ? yield* bindVcpu(layer, isrc, cpu) : true;
  if (moved) moveEnabled(layer, isrc, cpu);
  if (!masked) {
    yield* unmaskPort(layer, isrc.port);
  }
  yield* release(layer.lock);
  return 0;
}

function* bindVcpu(layer: Layer, isrc: Isrc, cpu: VcpuId): Steps<boolean> {
  yield 'hypercall bind_vcpu';
  return layer.host.bindVcpu(isrc.port, cpu).ok && isrc.cpu !== cpu;
}

function moveEnabled(layer: Layer, isrc: Isrc, cpu: VcpuId): void {
  layer.cpus[isrc.cpu]!.enabled.clear(isrc.port);
  isrc.cpu = cpu;
  layer.cpus[cpu]!.enabled.set(isrc.port);
}
