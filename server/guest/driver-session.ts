import { randomUUID } from 'node:crypto';

import type { IsrcFields, KernelView } from '../../core/index.ts';
import type { AttachResponse } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { HostedMachine } from '../machines.ts';
import type { ServerStream } from '../stream/server-stream.ts';
import { LifecyclePlace } from './lifecycle-place.ts';

/** How a driver introduces itself. */
export interface DriverIdentity {
  readonly dom: number;
  readonly driver: string;
  readonly leaseMs: number;
  /** Of its handlers: what they have in common. */
  readonly token: number;
}

/** An interrupt that is not handled yet. */
interface Outstanding {
  readonly port: number;
  readonly vcpu: number;
  readonly sequence: number;
  told: boolean;
  /** It was raised again, by a variant that does not mask, and is told once more afterwards. */
  again: boolean;
}

/**
 * A driver: what it was not told yet is a place for each handle and a few for the suspend, however
 * long it does not read. It outlives its stream.
 */
export class DriverSession {
  readonly id = randomUUID();
  readonly token: number;
  readonly driver: string;
  readonly leaseMs: number;
  dom: number;
  /** Its handles: what a suspend made of them is told. */
  readonly handles = new Set<number>();
  readonly lifecycle = new LifecyclePlace();
  readonly #hosted: HostedMachine;
  #stream: ServerStream<AttachResponse> | undefined;
  #writable = true;
  readonly #outstanding = new Map<number, Outstanding>();
  /** Handles whose interrupt waits to be told, the first raised first. */
  readonly #untold = new Set<number>();
  /** Handled by the driver, but the guest could not run: it is paused, say. */
  readonly #owed = new Set<number>();
  readonly #handleOfPort = new Map<number, number>();
  #sequence = 0;

  constructor(hosted: HostedMachine, { dom, driver, leaseMs, token }: DriverIdentity) {
    this.#hosted = hosted;
    this.dom = dom;
    this.driver = driver;
    this.leaseMs = leaseMs;
    this.token = token;
  }

  get stream(): ServerStream<AttachResponse> | undefined {
    return this.#stream;
  }

  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /** From now on `stream` is told, and first of all what is outstanding. */
  attach(stream: ServerStream<AttachResponse>): void {
    this.#stream = stream;
    this.#writable = true;
    stream.onDrain(() => {
      if (this.#stream !== stream) return;
      this.#writable = true;
      this.flush();
    });
    for (const [handle, interrupt] of this.#outstanding) {
      interrupt.told = false;
      this.#untold.add(handle);
    }
    const { id: session, token, dom, leaseMs } = this;
    this.#write({ $case: 'attached', value: { session, token, dom, leaseMs } });
    this.flush();
  }

  detach(): void {
    this.#stream = undefined;
  }

  /** An ithread of one of its handlers must run. */
  raised(port: number, vcpu: number): void {
    const handle = this.#handleAt(port);
    if (handle === undefined) return; // Unbound since.
    const interrupt = this.#outstanding.get(handle);
    if (interrupt === undefined) this.#raise(handle, port, vcpu);
    else interrupt.again = interrupt.told;
  }

  /** The driver has handled an interrupt; an event that came meanwhile comes now. */
  handled(handle: number, sequence: number): void {
    const interrupt = this.#outstanding.get(handle);
    if (interrupt === undefined || !interrupt.told) return;
    if (sequence !== 0 && sequence !== interrupt.sequence) return;
    this.#outstanding.delete(handle);
    if (interrupt.again) {
      this.#raise(handle, interrupt.port, interrupt.vcpu);
      this.flush();
    } else this.#finishIthread(handle);
  }

  forget(handle: number): void {
    this.handles.delete(handle);
    this.#outstanding.delete(handle);
    this.#untold.delete(handle);
    this.#owed.delete(handle);
  }

  /** Learns from the kernel which handles are its own, and which of them are outstanding. */
  resync(view: KernelView): void {
    for (const { handle, isrc } of view.handles) {
      const source = view.isrcs[isrc];
      if (source?.handler?.token !== this.token) continue;
      this.handles.add(handle);
      const isKnown = this.#outstanding.has(handle) || this.#owed.has(handle);
      if (source.ithreadRunning && !isKnown) this.#raise(handle, source.port, source.cpu);
    }
  }

  /** Tries again what the guest could not run. */
  settleOwed(): void {
    for (const handle of [...this.#owed]) {
      this.#owed.delete(handle);
      this.#finishIthread(handle);
    }
  }

  /** Tells what waits, as far as the driver reads. */
  flush(): void {
    const view = (): KernelView | undefined => this.#hosted.machine.guest(this.dom);
    while (this.#canWrite()) {
      const message = this.lifecycle.take(this.handles, view);
      if (message === undefined) break;
      this.#write(message);
    }
    for (const handle of this.#untold) {
      if (!this.#canWrite()) return;
      this.#untold.delete(handle);
      const interrupt = this.#outstanding.get(handle)!;
      interrupt.told = true;
      const { port, vcpu, sequence } = interrupt;
      const value = { handle, port, vcpu, sequence: BigInt(sequence) };
      this.#write({ $case: 'interrupt', value });
    }
  }

  #canWrite(): boolean {
    return this.#writable && this.#stream !== undefined && !this.#stream.closed;
  }

  #write(message: AttachResponse['message']): void {
    this.#writable = this.#stream!.write({ message });
  }

  #raise(handle: number, port: number, vcpu: number): void {
    this.#sequence += 1;
    const interrupt = { port, vcpu, sequence: this.#sequence, told: false, again: false };
    this.#outstanding.set(handle, interrupt);
    this.#untold.add(handle);
  }

  #finishIthread(handle: number): void {
    const { dom: caller } = this;
    const answer = this.#hosted.execute({ op: 'intr_handled', caller, handle, thread: 0 });
    if (!answer.ok && 'refused' in answer && answer.refused === 'cannot_run') {
      this.#owed.add(handle);
    }
  }

  /** The handle of a port: remembered, as looking costs time in proportion to the guest's ports. */
  #handleAt(port: number): number | undefined {
    const known = this.#handleOfPort.get(port);
    if (known !== undefined && this.#isOwn(known, port)) return known;
    const view = this.#hosted.machine.guest(this.dom);
    this.#handleOfPort.clear();
    for (const { handle, isrc } of view?.handles ?? []) {
      const source: IsrcFields | undefined = view!.isrcs[isrc];
      if (source?.handler?.token !== this.token) continue;
      this.handles.add(handle);
      if (!this.#handleOfPort.has(source.port)) this.#handleOfPort.set(source.port, handle);
    }
    return this.#handleOfPort.get(port);
  }

  #isOwn(handle: number, port: number): boolean {
    const source = this.#hosted.machine.guestSource(this.dom, handle);
    return source?.port === port && source.handler?.token === this.token;
  }
}
