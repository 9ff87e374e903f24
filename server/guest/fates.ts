import type { KernelView, SuspendMode } from '../../core/index.ts';
import { Fate } from '../../proto/gen/evtchnd/v1/guest.ts';
import type { HandleFate } from '../../proto/gen/evtchnd/v1/guest.ts';

/** Modes that change nothing for the guest. */
const KEEPING: ReadonlySet<SuspendMode> = new Set(['cancelled', 'checkpoint', 'failed']);

/** Handles of a kernel that hold a source. */
export const boundHandles = (view: KernelView): number[] =>
  view.handles.flatMap(({ handle, isrc }) => (isrc < 0 ? [] : [handle]));

/** What a suspend that ended in `mode` made of `handles`, in the kernel as it is now. */
export function fatesOf(
  view: KernelView | undefined,
  mode: SuspendMode,
  handles: Iterable<number>,
): HandleFate[] {
  const sources = new Map(view?.handles.map(({ handle, isrc }) => [handle, isrc]));
  return [...handles].map((handle) => {
    const isrc = view?.isrcs[sources.get(handle) ?? -1];
    if (view === undefined || isrc === undefined || view.dead !== undefined) {
      return { handle, fate: Fate.GONE, port: 0 };
    }
    const { port } = isrc;
    const { index } = isrc;
    const owns = view.portToIsrc.some((entry) => entry.port === port && entry.isrc === index);
    if (!owns) return { handle, fate: Fate.STALE, port: 0 };
    return { handle, fate: KEEPING.has(mode) ? Fate.KEPT : Fate.REBOUND, port };
  });
}
