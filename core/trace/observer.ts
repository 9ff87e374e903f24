import { WORDS_PER_PAGE } from '../public/limits.ts';
import { SHARED_INFO_LAYOUT } from '../public/shared-info.ts';
import type { SharedInfoLayout } from '../public/shared-info.ts';
import type { Machine } from '../machine/machine.ts';
import { hex } from './answer-line.ts';
import type { ControlState, FifoState, ObserveLine, PortRun, VcpuState } from './lines.ts';

/**
 * Watches the shared pages of one domain, and tells after an op what changed in them. Page
 * versions say where to look, so that an op that wrote nothing costs next to nothing.
 */
export class Observer {
  readonly #machine: Machine;
  readonly #dom: number;
  readonly #layout: SharedInfoLayout;
  readonly #vcpuCount: number;
  #version = -1;
  #pending: Uint32Array;
  #masked: Uint32Array;
  /** The last told entry of each vCPU, as text. */
  readonly #vcpus = new Map<number, string>();
  readonly #controls = new Map<number, string>();
  /** The event array as it was last told: a page each, with the frame that it lies in. */
  #array: { gfn: number; words: Uint32Array; version: number }[] = [];

  constructor(machine: Machine, dom: number) {
    const domain = machine.domain(dom)!;
    this.#machine = machine;
    this.#dom = dom;
    this.#layout = SHARED_INFO_LAYOUT[domain.guest];
    this.#vcpuCount = domain.vcpus;
    const words = this.#layout.wordBits ** 2 / 32;
    this.#pending = new Uint32Array(words);
    this.#masked = new Uint32Array(words);
  }

  /** What changed since the last call; undefined if nothing did. */
  changes(i: number): ObserveLine | undefined {
    const watch = this.#machine.watch(this.#dom);
    if (watch === undefined || watch.version === this.#version) return undefined;
    this.#version = watch.version;
    const line: ObserveLine = {
      i,
      observe: this.#dom,
      ...this.#bits(watch.words),
      ...list('vcpus', this.#changedVcpus(watch.words)),
      ...this.#fifo(watch.words, watch.pageVersions),
    };
    return Object.keys(line).length > 2 ? line : undefined;
  }

  /** Everything, as new. */
  full(i: number): ObserveLine {
    this.#version = -1;
    this.#pending.fill(0);
    this.#masked.fill(0);
    this.#vcpus.clear();
    this.#controls.clear();
    this.#array = [];
    return { pending: [], masked: [], ...this.changes(i), i, observe: this.#dom, full: true };
  }

  #bits(words: Uint32Array): { pending?: PortRun[]; masked?: PortRun[] } {
    const pending = changed(words, this.#layout.pendingOffset >> 2, this.#pending);
    const masked = changed(words, this.#layout.maskOffset >> 2, this.#masked);
    return { ...(pending && { pending }), ...(masked && { masked }) };
  }

  #changedVcpus(words: Uint32Array): VcpuState[] {
    const found: VcpuState[] = [];
    for (let id = 0; id < this.#vcpuCount; id += 1) {
      const state = this.#vcpuState(words, id);
      if (state === undefined) continue;
      const text = JSON.stringify(state);
      if (this.#vcpus.get(id) === text) continue;
      this.#vcpus.set(id, text);
      found.push(state);
    }
    return found;
  }

  #vcpuState(words: Uint32Array, id: number): VcpuState | undefined {
    const word = this.#machine.vcpuInfoWord(this.#dom, id);
    if (word === undefined) return undefined;
    const { selOffset, wordBits } = this.#layout;
    const flags = words[word]!;
    const low = words[word + (selOffset >> 2)]!;
    const high = wordBits === 64 ? words[word + (selOffset >> 2) + 1]! : 0;
    return {
      id,
      upcall_pending: flags & 0xff,
      upcall_mask: (flags >>> 8) & 0xff,
      sel: high === 0 ? hex(low) : hex((BigInt(high) << 32n) | BigInt(low)),
    };
  }

  #fifo(words: Uint32Array, versions: Int32Array): { fifo?: FifoState } {
    const arrayGfns = this.#machine.arrayGfns(this.#dom);
    for (const gfn of arrayGfns.slice(this.#array.length)) {
      this.#array.push({ gfn, words: new Uint32Array(WORDS_PER_PAGE), version: -1 });
    }
    const changedWords = this.#changedWords(words, versions);
    if (arrayGfns.length === 0) this.#array = []; // After a reset the old array is told once more.
    const state: FifoState = {
      ...list('control', this.#changedControls()),
      ...(changedWords.length > 0 && { words: Object.fromEntries(changedWords) }),
    };
    return Object.keys(state).length > 0 ? { fifo: state } : {};
  }

  #changedControls(): ControlState[] {
    const found: ControlState[] = [];
    for (let vcpu = 0; vcpu < this.#vcpuCount; vcpu += 1) {
      const block = this.#machine.controlBlock(this.#dom, vcpu);
      if (block === undefined) {
        this.#controls.delete(vcpu);
        continue;
      }
      const heads: Record<string, number> = {};
      for (const [prio, port] of block.heads.entries()) if (port !== 0) heads[prio] = port;
      const state = { vcpu, ready: hex(block.ready), heads };
      const text = JSON.stringify(state);
      if (this.#controls.get(vcpu) === text) continue;
      this.#controls.set(vcpu, text);
      found.push(state);
    }
    return found;
  }

  #changedWords(words: Uint32Array, versions: Int32Array): [string, string][] {
    const found: [number, number][] = [];
    for (const [slot, page] of this.#array.entries()) {
      const version = versions[page.gfn + 1]!;
      if (version === page.version) continue;
      page.version = version;
      const first = (page.gfn + 1) * WORDS_PER_PAGE;
      for (let at = 0; at < WORDS_PER_PAGE; at += 1) {
        const word = words[first + at]!;
        if (word === page.words[at]) continue;
        page.words[at] = word;
        found.push([slot * WORDS_PER_PAGE + at, word]);
      }
    }
    return joinWords(found);
  }
}

const list = <Name extends string, T>(name: Name, items: T[]): { [N in Name]?: T[] } =>
  (items.length > 0 ? { [name]: items } : {}) as { [N in Name]?: T[] };

/** The set bits of an area if it differs from `last`, which becomes equal to it. */
function changed(words: Uint32Array, first: number, last: Uint32Array): PortRun[] | undefined {
  let differs = false;
  for (let at = 0; at < last.length; at += 1) {
    const word = words[first + at]!;
    if (word === last[at]) continue;
    last[at] = word;
    differs = true;
  }
  return differs ? runs(setBits(last)) : undefined;
}

function setBits(words: Uint32Array): number[] {
  const bits: number[] = [];
  for (const [at, word] of words.entries()) {
    for (let rest = word; rest !== 0; rest &= rest - 1) {
      bits.push(at * 32 + (31 - Math.clz32(rest & -rest)));
    }
  }
  return bits;
}

/** Three consecutive ports or more become [first, last]. */
function runs(ports: readonly number[]): PortRun[] {
  const found: PortRun[] = [];
  for (let at = 0; at < ports.length; ) {
    let end = at;
    while (ports[end + 1] === ports[end]! + 1) end += 1;
    if (end - at >= 2) found.push([ports[at]!, ports[end]!]);
    else for (let index = at; index <= end; index += 1) found.push(ports[index]!);
    at = end + 1;
  }
  return found;
}

/** Consecutive ports of a page with equal words become "first-last". */
function joinWords(words: readonly (readonly [number, number])[]): [string, string][] {
  const found: [string, string][] = [];
  for (let at = 0; at < words.length; ) {
    const [port, word] = words[at]!;
    let end = at;
    while (continues(words[end]!, words[end + 1])) end += 1;
    found.push([end === at ? String(port) : `${port}-${words[end]![0]}`, hex(word, 8)]);
    at = end + 1;
  }
  return found;
}

const continues = (last: readonly [number, number], next?: readonly [number, number]): boolean =>
  next !== undefined &&
  next[0] === last[0] + 1 &&
  next[1] === last[1] &&
  next[0] % WORDS_PER_PAGE !== 0;
