import type { Fault } from '../guest/fault.ts';
import { isrcFields } from '../guest/isrc.ts';
import type { IsrcFields } from '../guest/isrc.ts';
import type { Knobs } from '../guest/knobs.ts';
import type { Kernel, Lifecycle } from './kernel.ts';

/** What an inspector sees of a guest's kernel. */
export interface KernelView {
  readonly knobs: Knobs;
  readonly nr: number;
  readonly lifecycle: Lifecycle;
  /** The fault that ended it. */
  readonly dead: Fault | undefined;
  readonly faults: readonly Fault[];
  readonly log: readonly string[];
  readonly isrcs: readonly IsrcFields[];
  /** Port → index of its source; ports without one are left out. */
  readonly portToIsrc: readonly { readonly port: number; readonly isrc: number }[];
  /** Handle → index of its source; -1: it holds none. */
  readonly handles: readonly { readonly handle: number; readonly isrc: number }[];
  /** evtchn_enabled of each CPU: 32 ports a word. */
  readonly enabled: readonly Uint32Array[];
  readonly threads: readonly { readonly thread: number; readonly at: string }[];
  readonly store: { readonly store: number; readonly console: number };
}

export function kernelView(kernel: Kernel): KernelView {
  const { layer } = kernel;
  return {
    knobs: layer.knobs,
    nr: layer.nr,
    lifecycle: kernel.lifecycle,
    dead: kernel.dead,
    faults: [...kernel.faults],
    log: [...kernel.log],
    isrcs: layer.isrcs.map(isrcFields),
    portToIsrc: layer.portToIsrc.flatMap((isrc, port) =>
      isrc === undefined ? [] : [{ port, isrc: isrc.index }],
    ),
    handles: [...kernel.handles].map(([handle, ref]) => ({
      handle,
      isrc: ref.value?.index ?? -1,
    })),
    enabled: layer.cpus.map(({ enabled }) => enabled.words.slice()),
    threads: [...kernel.threads.values()].map(({ id, at }) => ({ thread: id, at })),
    store: kernel.known,
  };
}

/** The source that a handle holds. */
export function sourceOf(kernel: Kernel | undefined, handle: number): IsrcFields | undefined {
  const isrc = kernel?.handles.get(handle)?.value;
  return isrc && isrcFields(isrc);
}
