import { fromBase64, toBase64 } from '../lib/base64.ts';
import type { Fault } from '../guest/fault.ts';
import { Isrc, isrcFields } from '../guest/isrc.ts';
import type { IsrcFields } from '../guest/isrc.ts';
import type { Knobs } from '../guest/knobs.ts';
import type { Layer } from '../guest/layer.ts';
import type { Domain } from '../xen/domain.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { Kernel } from './kernel.ts';
import type { Lifecycle, ToolstackPorts } from './kernel.ts';

/** A guest kernel as JSON-able data: part of a snapshot, and of a domain's image. */
export interface KernelImage {
  readonly dom: number;
  readonly knobs: Knobs;
  readonly nr: number;
  readonly rereadsStore: boolean;
  readonly lifecycle: Lifecycle;
  readonly dead: Fault | null;
  readonly faults: readonly Fault[];
  readonly log: readonly string[];
  readonly known: ToolstackPorts;
  readonly isrcs: readonly IsrcFields[];
  /** [port, index of its source]. */
  readonly portToIsrc: readonly (readonly [number, number])[];
  /** [handle, index of its source, or -1]. */
  readonly handles: readonly (readonly [number, number])[];
  readonly freeList: readonly number[];
  readonly foreignVectors: readonly number[];
  readonly nextHandle: number;
  readonly nextCpu: number;
  readonly failures: readonly [addHandler: number, eventBind: number];
  readonly warnedExhausted: boolean;
  readonly fifo: { readonly pages: number; readonly heads: readonly (readonly number[])[] };
  readonly cpus: readonly { enabled: string; lastL1: number; lastL2: number }[];
}

export function kernelImage(kernel: Kernel): KernelImage {
  const { layer } = kernel;
  return {
    dom: kernel.domain.domid,
    knobs: layer.knobs,
    nr: layer.nr,
    rereadsStore: kernel.rereadsStore,
    lifecycle: kernel.lifecycle,
    dead: kernel.dead ?? null,
    faults: [...kernel.faults],
    log: [...kernel.log],
    known: kernel.known,
    isrcs: layer.isrcs.map(isrcFields),
    portToIsrc: layer.portToIsrc.flatMap((isrc, port) =>
      isrc === undefined ? [] : [[port, isrc.index] as const],
    ),
    handles: [...kernel.handles].map(([handle, ref]) => [handle, ref.value?.index ?? -1] as const),
    freeList: layer.freeList.map(({ index }) => index),
    foreignVectors: [...layer.foreignVectors],
    nextHandle: kernel.nextHandle,
    nextCpu: layer.nextCpu,
    failures: [layer.failNextHandler, layer.failNextEventBind],
    warnedExhausted: layer.warnedExhausted,
    fifo: { pages: layer.fifo.pages, heads: layer.fifo.heads.map((heads) => [...heads]) },
    cpus: layer.cpus.map(({ enabled, lastL1, lastL2 }) => {
      return { enabled: toBase64(enabled.bytes), lastL1, lastL2 };
    }),
  };
}

/** The kernel again, in `domain`, whose pages are left as they are. */
export function restoreKernel(xen: Hypervisor, domain: Domain, image: KernelImage): Kernel {
  const kernel = Kernel.restored(xen, domain, image);
  restoreLayer(kernel.layer, image);
  for (const [handle, index] of image.handles) {
    kernel.handle(handle).ref.value = kernel.layer.isrcs[index];
  }
  kernel.nextHandle = image.nextHandle;
  kernel.lifecycle = image.lifecycle;
  kernel.dead = image.dead ?? undefined;
  kernel.known = image.known;
  kernel.faults.push(...image.faults);
  kernel.log.push(...image.log);
  return kernel;
}

function restoreLayer(layer: Layer, image: KernelImage): void {
  for (const fields of image.isrcs) {
    layer.isrcs.push(Object.assign(new Isrc(fields.index, fields.port), fields));
  }
  for (const [port, index] of image.portToIsrc) layer.portToIsrc[port] = layer.isrcs[index];
  layer.freeList.push(...image.freeList.map((index) => layer.isrcs[index]!));
  for (const vector of image.foreignVectors) layer.foreignVectors.add(vector);
  layer.nextCpu = image.nextCpu;
  [layer.failNextHandler, layer.failNextEventBind] = image.failures;
  layer.warnedExhausted = image.warnedExhausted;
  layer.fifo.pages = image.fifo.pages;
  for (const [cpu, heads] of image.fifo.heads.entries())
    layer.fifo.heads[cpu]!.splice(0, 16, ...heads);
  for (const [cpu, state] of image.cpus.entries()) {
    const target = layer.cpus[cpu]!;
    target.enabled.bytes.set(fromBase64(state.enabled)!);
    target.lastL1 = state.lastL1;
    target.lastL2 = state.lastL2;
  }
}
