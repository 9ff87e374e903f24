import { Deadlock, atomically } from '../lib/steps.ts';
import type { Steps } from '../lib/steps.ts';
import { EFFECT } from '../public/effect.ts';
import type { Result } from '../public/errno.ts';
import type { Port, VcpuId } from '../public/ids.ts';
import { setUpAbi } from '../guest/abi.ts';
import { FatalFault } from '../guest/fault.ts';
import type { Fault } from '../guest/fault.ts';
import type { HandleRef } from '../guest/isrc.ts';
import type { Knobs } from '../guest/knobs.ts';
import { Layer } from '../guest/layer.ts';
import { handleUpcall } from '../guest/upcall.ts';
import type { Domain } from '../xen/domain.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { setUpcallMask, upcallMask, upcallPending } from '../xen/upcall.ts';
import { kernelHost } from './kernel-host.ts';

/** What a guest op gives: which handle it filled, or the port that was asked for. */
export interface GuestValue {
  readonly handle?: number;
  readonly port?: Port;
}

export type GuestResult = Result<GuestValue>;

/** A guest function that stopped before an access: it goes on when the schedule says so. */
export interface Thread {
  readonly id: number;
  readonly steps: Steps<GuestResult>;
  /** The access that comes next; the lock, if it waits. */
  at: string;
  waitsFor: string | undefined;
  result: GuestResult | undefined;
}

/** Faults and log lines that a kernel keeps; older ones go. */
const NOTES_MAX = 1024;
/** Handles that drivers of one kernel can hold at once. */
export const HANDLES_MAX = 131_072;
/** The kernel's own handles. */
export const STORE_HANDLE = 1;
export const CONSOLE_HANDLE = 2;
const FIRST_DRIVER_HANDLE = 3;

export interface KernelOptions {
  readonly knobs: Knobs;
  /** Ports and vectors of the layer's tables; 0: as many as the ABI has. */
  readonly nr: number;
  readonly rereadsStore: boolean;
}

/** Where the toolstack put the ports of xenstore and of the console; 0: nowhere. */
export interface ToolstackPorts {
  readonly store: Port;
  readonly console: Port;
}

export type Lifecycle = 'running' | 'suspending';

/** One guest kernel: its interrupt layer, its drivers' handles, and what it did wrong. */
export class Kernel {
  layer: Layer;
  readonly #xen: Hypervisor;
  domain: Domain;
  readonly handles = new Map<number, HandleRef>();
  readonly threads = new Map<number, Thread>();
  readonly faults: Fault[] = [];
  readonly log: string[] = [];
  /** The fault that ended the guest: nothing runs in it any more. */
  dead: Fault | undefined;
  lifecycle: Lifecycle = 'running';
  /** Whether the store's port is read again after a resume, or remembered. */
  readonly rereadsStore: boolean;
  /** The ports of the kernel's own as it learned them when it booted. */
  known: ToolstackPorts = { store: 0, console: 0 };
  /** Where the search for a free handle goes on. */
  nextHandle = FIRST_DRIVER_HANDLE;

  /** A kernel that boots: it masks every port and takes upcalls from now on. */
  static booted(xen: Hypervisor, domain: Domain, options: KernelOptions): Kernel {
    const kernel = new Kernel(xen, domain, options);
    kernel.#start();
    return kernel;
  }

  /** A kernel whose state comes from an image: the pages say already what it did to them. */
  static restored(xen: Hypervisor, domain: Domain, options: KernelOptions): Kernel {
    return new Kernel(xen, domain, options);
  }

  private constructor(xen: Hypervisor, domain: Domain, options: KernelOptions) {
    this.#xen = xen;
    this.domain = domain;
    this.rereadsStore = options.rereadsStore;
    const nr = options.nr === 0 ? undefined : options.nr;
    this.layer = new Layer(kernelHost(xen, domain), options.knobs, this.#events(), nr);
  }

  /** The handle with this number; 0 takes the next one that is free. */
  handle(number: number): { number: number; ref: HandleRef } {
    const chosen = number === 0 ? this.#freeHandle() : number;
    let ref = this.handles.get(chosen);
    if (ref === undefined) {
      ref = { value: undefined };
      this.handles.set(chosen, ref);
    }
    return { number: chosen, ref };
  }

  /** Handles are given out in turn, and again once they hold nothing. */
  #freeHandle(): number {
    while (this.handles.get(this.nextHandle)?.value !== undefined) this.#passHandle();
    const number = this.nextHandle;
    this.#passHandle();
    return number;
  }

  #passHandle(): void {
    const next = this.nextHandle + 1;
    this.nextHandle = next === HANDLES_MAX ? FIRST_DRIVER_HANDLE : next;
  }

  /** Whether a driver can be given another handle. */
  get hasFreeHandle(): boolean {
    if (this.handles.size < HANDLES_MAX - FIRST_DRIVER_HANDLE) return true;
    for (const [number, { value }] of this.handles) {
      if (number >= FIRST_DRIVER_HANDLE && value === undefined) return true;
    }
    return false;
  }

  /** From here on the kernel runs in another domain, with fresh shared pages. */
  moveTo(domain: Domain): void {
    this.domain = domain;
    this.layer.host = kernelHost(this.#xen, domain);
    this.#enableUpcalls();
  }

  /** Another kernel of the same kind takes over: no source, handle or driver is left. */
  reboot(): void {
    const { knobs, nr } = this.layer;
    this.layer = new Layer(kernelHost(this.#xen, this.domain), knobs, this.#events(), nr);
    this.handles.clear();
    this.threads.clear();
    this.nextHandle = FIRST_DRIVER_HANDLE;
    this.dead = undefined;
    this.#start();
  }

  #start(): void {
    this.run(setUpAbi(this.layer));
    this.#enableUpcalls();
  }

  #enableUpcalls(): void {
    for (const vcpu of this.domain.vcpus) {
      if (this.domain.layout.hasUpcallMask && vcpu.info.gfn >= -1) setUpcallMask(vcpu, 0);
    }
  }

  /** Runs a guest function straight through. A fatal fault ends the guest; then nothing runs. */
  run<T>(steps: Steps<T>): T | undefined {
    if (this.dead !== undefined) return undefined;
    try {
      return atomically(steps);
    } catch (error) {
      this.#die(error);
      return undefined;
    }
  }

  /** Lets a thread make one step. */
  advance(thread: Thread): void {
    try {
      const step = thread.steps.next();
      if (step.done === true) {
        thread.result = step.value;
        thread.at = 'end';
        thread.waitsFor = undefined;
        this.threads.delete(thread.id);
        return;
      }
      const { value } = step;
      thread.at = typeof value === 'string' ? value : `lock ${value.waitsFor.name}`;
      thread.waitsFor = typeof value === 'string' ? undefined : value.waitsFor.name;
    } catch (error) {
      this.#die(error);
    }
  }

  /** Takes the upcalls that can be delivered now. None while threads run: they are scheduled too. */
  deliver(): boolean {
    let delivered = false;
    if (this.threads.size > 0 || this.lifecycle !== 'running') return delivered;
    for (const vcpu of this.domain.vcpus) {
      if (!this.canTake(vcpu.id)) continue;
      delivered = true;
      this.run(handleUpcall(this.layer, vcpu.id));
    }
    return delivered;
  }

  /** Whether a vCPU would take an upcall now. */
  canTake(id: VcpuId): boolean {
    const { domain } = this;
    const vcpu = domain.vcpu(id);
    if (this.dead !== undefined || domain.life !== 'alive' || domain.pauseCount > 0) return false;
    return vcpu.up && vcpu.pollPort === 0 && upcallPending(vcpu) && !upcallMask(domain, vcpu);
  }

  note(fault: Fault): void {
    this.faults.push(fault);
    if (this.faults.length > NOTES_MAX) this.faults.shift();
    const port = 'port' in fault ? fault.port : 0;
    this.#xen.effects.emit(EFFECT.guest_fault, this.domain.domid, 0, port, this.faults.length - 1);
  }

  #die(error: unknown): void {
    if (error instanceof Deadlock) this.dead = { kind: 'hang', lock: error.lock.name };
    else if (error instanceof FatalFault) this.dead = error.fault;
    else throw error;
    this.note(this.dead);
    this.threads.clear();
  }

  #events(): Layer['events'] {
    const { effects } = this.#xen;
    return {
      interrupt: (isrc, handler, stage, cpu) => {
        const kind = stage === 'filter' ? EFFECT.filtered : EFFECT.interrupt;
        effects.emit(kind, this.domain.domid, cpu, isrc.port, handler.token);
      },
      fault: (fault) => this.note(fault),
      log: (text) => {
        this.log.push(text);
        if (this.log.length > NOTES_MAX) this.log.shift();
      },
    };
  }
}
