import type { Steps } from '../lib/steps.ts';
import type { VcpuId } from '../public/ids.ts';
import { executeHandlers } from './handlers.ts';
import type { CpuState, Layer } from './layer.ts';
import { handleFifoUpcall } from './upcall-fifo.ts';

/**
 * xen_intr_handle_upcall: services the ports of a CPU, under FIFO in its own way. It clears the upcall,
 * then takes the selector, and goes on after the port where the last scan ended; a word is visited
 * until nothing in it is active, read anew each time. A port is no longer pending when its handler
 * starts. There is no protection from a storm.
 */
export function* handleUpcall(layer: Layer, cpu: VcpuId): Steps {
  if (layer.knobs.abi === 'fifo') return yield* handleFifoUpcall(layer, cpu);
  const { host } = layer;
  const state = layer.cpus[cpu]!;
  const last = host.wordBits - 1;
  yield 'clear upcall';
  host.clearUpcall(cpu);
  yield 'take selector';
  let [low, high] = host.takeSelector(cpu);
  let word = state.lastL1;
  let bit = state.lastL2;
  while ((low | high) !== 0) {
    word = nextBit(low, high, (word + 1) & last);
    if (word < 0) {
      word = bit = last; // Wrap around to the first word.
      continue;
    }
    yield* serviceWord(layer, state, cpu, word, bit);
    bit = last;
    yield 'read pending';
    if ((activeHalf(layer, state, word, 0) | activeHalf(layer, state, word, 1)) !== 0) continue;
    if (word < 32) low &= ~(1 << word);
    else high &= ~(1 << (word - 32));
  }
}

/** Services the active ports of a word, from the bit after `bit` up. */
function* serviceWord(
  layer: Layer,
  state: CpuState,
  cpu: VcpuId,
  word: number,
  bit: number,
): Steps {
  const last = layer.host.wordBits - 1;
  let at = bit;
  do {
    yield 'read pending';
    const low = activeHalf(layer, state, word, 0);
    const high = activeHalf(layer, state, word, 1);
    at = nextBit(low, high, (at + 1) & last);
    if (at < 0) return;
    yield* servicePort(layer, state, cpu, word, at);
  } while (at !== last);
}

function* servicePort(
  layer: Layer,
  state: CpuState,
  cpu: VcpuId,
  word: number,
  bit: number,
): Steps {
  const port = word * layer.host.wordBits + bit;
  yield 'clear pending';
  layer.host.clearPending(port);
  yield 'read port table';
  const isrc = layer.portToIsrc[port];
  if (isrc === undefined) {
    layer.events.fault({ kind: 'lost_event', port });
    return;
  }
  const text = `Received unexpected event on vCPU#${cpu}, event bound to vCPU#${isrc.cpu}`;
  layer.kassert(isrc.cpu === cpu, text);
  yield* executeHandlers(layer, isrc, cpu);
  state.lastL1 = word;
  state.lastL2 = bit;
}

/** 32 ports of a word that are pending, not masked, and serviced here. */
function activeHalf(layer: Layer, state: CpuState, word: number, half: number): number {
  if (half === 1 && layer.host.wordBits === 32) return 0;
  const index = layer.host.wordBits === 32 ? word : word * 2 + half;
  return layer.host.activePorts(index) & state.enabled.word(index);
}

/** The lowest set bit at or above `from` of a number given in halves, or -1. */
function nextBit(low: number, high: number, from: number): number {
  if (from < 32) {
    const rest = low & (-1 << from);
    if (rest !== 0) return 31 - Math.clz32(rest & -rest);
  }
  const rest = high & (from > 32 ? -1 << (from - 32) : -1);
  return rest === 0 ? -1 : 63 - Math.clz32(rest & -rest);
}
