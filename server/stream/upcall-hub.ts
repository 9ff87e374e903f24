import type { Effect } from '../../core/index.ts';
import type { HostedMachine } from '../machines.ts';

const EFFECTS_PER_READ = 4096;

/** Who wants to know of the upcalls of a domain. */
export interface UpcallListener {
  readonly dom: number;
  /** evtchn_upcall_pending of the vCPU went from 0 to 1. */
  raised(vcpu: number): void;
  /** Some may have been missed: look at all vCPUs. */
  missed(): void;
  /** The domain is gone. */
  gone(): void;
  /** No more of this turn comes. */
  flush(): void;
}

const hubs = new WeakMap<HostedMachine, UpcallHub>();

/** Reads a machine's effects once for all who watch upcalls in it. */
export class UpcallHub {
  readonly #hosted: HostedMachine;
  readonly #listeners = new Map<number, Set<UpcallListener>>();
  #next = 0;
  #stop: (() => void) | undefined;

  static of(hosted: HostedMachine): UpcallHub {
    const hub = hubs.get(hosted) ?? new UpcallHub(hosted);
    hubs.set(hosted, hub);
    return hub;
  }

  private constructor(hosted: HostedMachine) {
    this.#hosted = hosted;
  }

  /** Tells `listener` of upcalls from here on. Answers how to stop that. */
  subscribe(listener: UpcallListener): () => void {
    // Whoever comes later must not be told of what came before.
    if (this.#stop === undefined) this.#start();
    else this.#drain();
    const listeners = this.#listeners.get(listener.dom) ?? new Set();
    this.#listeners.set(listener.dom, listeners.add(listener));
    return () => this.#unsubscribe(listener);
  }

  #unsubscribe(listener: UpcallListener): void {
    const listeners = this.#listeners.get(listener.dom);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(listener.dom);
    if (this.#listeners.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #start(): void {
    this.#next = this.#hosted.machine.outbox.lastSequence + 1;
    this.#stop = this.#hosted.onEffects(() => this.#drain());
  }

  #drain(): void {
    const { outbox } = this.#hosted.machine;
    const touched = new Set<UpcallListener>();
    while (this.#next <= outbox.lastSequence) {
      const { gap, effects, next } = outbox.read(this.#next, EFFECTS_PER_READ);
      this.#next = next;
      if (gap !== undefined) this.#tellMissed(touched);
      for (const effect of effects) this.#tell(effect, touched);
    }
    for (const listener of touched) listener.flush();
  }

  #tellMissed(touched: Set<UpcallListener>): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) {
        touched.add(listener);
        if (this.#hosted.machine.domain(listener.dom) === undefined) listener.gone();
        else listener.missed();
      }
    }
  }

  #tell({ kind, dom, vcpu }: Effect, touched: Set<UpcallListener>): void {
    if (kind !== 'upcall' && kind !== 'domain_destroyed') return;
    for (const listener of [...(this.#listeners.get(dom) ?? [])]) {
      touched.add(listener);
      if (kind === 'upcall') listener.raised(vcpu);
      else listener.gone();
    }
  }
}
