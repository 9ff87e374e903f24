import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { Domid } from '../public/ids.ts';
import { VARIANTS, VARIANT_NAMES, withSettings } from '../guest/knobs.ts';
import { portsOf } from '../guest/layer.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import type { ThreadView } from './answer.ts';
import { guestSteps } from './guest-ops.ts';
import type { GuestOp } from './guest-ops.ts';
import { Kernel } from './kernel.ts';
import type { Thread } from './kernel.ts';
import type { OpOf } from './op.ts';
import {
  SUSPEND_MODES,
  beginSuspend,
  bindOwnPorts,
  createToolstackPorts,
  finishSuspend,
} from './suspend.ts';

/** What inject_failure does, by number. */
export const INJECTIONS = ['next_add_handler', 'next_event_bind', 'foreign_vector'] as const;

/** Upcalls in a row before the guests are taken to be caught in a storm; far beyond any real one. */
const UPCALL_ROUNDS_MAX = 1_000_000;

/** The kernels of a machine's domains. Xen never calls them: the machine does, after an op. */
export class Guests {
  readonly #xen: Hypervisor;
  /** By domid, as a snapshot restores them: upcalls are delivered in this order. */
  #kernels = new Map<Domid, Kernel>();

  constructor(xen: Hypervisor) {
    this.#xen = xen;
  }

  get size(): number {
    return this.#kernels.size;
  }

  kernel(dom: Domid): Kernel | undefined {
    return this.#kernels.get(dom);
  }

  kernels(): Iterable<Kernel> {
    return this.#kernels.values();
  }

  adopt(kernel: Kernel): void {
    const kernels = [...this.#kernels, [kernel.domain.domid, kernel] as const];
    this.#kernels = new Map(kernels.sort(([a], [b]) => a - b));
  }

  /**
   * A kernel with FreeBSD's interrupt layer boots in `dom`, which has no kernel yet.
   *
   * - ESRCH: there is no domain `dom`. EEXIST: it has a kernel.
   * - EINVAL: `nr` is more than the ABI has ports.
   */
  boot(op: OpOf<'boot_guest'>): Result {
    const domain = this.#xen.domains.get(op.dom);
    if (domain === undefined) return fail('ESRCH');
    if (this.#kernels.has(op.dom)) return fail('EEXIST');
    const knobs = withSettings(VARIANTS[VARIANT_NAMES[op.variant]!], op.settings);
    if (op.nr > portsOf(domain.layout, knobs)) return fail('EINVAL');
    const options = { knobs, nr: op.nr, rereadsStore: op.rereadsStore !== 0 };
    const kernel = Kernel.booted(this.#xen, domain, options);
    this.adopt(kernel);
    this.#xen.effects.emit(EFFECT.guest_booted, op.dom, 0, 0, op.variant);
    if (op.precreate >= 0) {
      bindOwnPorts(kernel, createToolstackPorts(this.#xen, domain, op.precreate));
    }
    return ok();
  }

  /** ESRCH: the domain has no kernel. Then as beginSuspend. */
  suspendBegin(op: OpOf<'suspend_begin'>): Result {
    const kernel = this.#kernels.get(op.dom);
    if (kernel === undefined) return fail('ESRCH');
    return beginSuspend(this.#xen, kernel, SUSPEND_MODES[op.mode]!);
  }

  /** ESRCH: the domain has no kernel. Then as finishSuspend. */
  suspendFinish(op: OpOf<'suspend_finish'>): Result<{ dom: Domid }> {
    const kernel = this.#kernels.get(op.dom);
    if (kernel === undefined) return fail('ESRCH');
    const options = { ...op, mode: SUSPEND_MODES[op.mode]! };
    const result = finishSuspend(this.#xen, kernel, options);
    if (result.ok && result.value.dom !== op.dom) {
      this.#kernels.delete(op.dom);
      this.adopt(kernel);
    }
    return result;
  }

  /** A call into the interrupt layer of a kernel, straight through or as a new thread. */
  call(kernel: Kernel, op: GuestOp): Result<unknown> {
    const steps = guestSteps(kernel, op);
    if (op.thread === 0) {
      return kernel.run(steps) ?? fail('EFAULT');
    }
    const thread: Thread = {
      id: op.thread,
      steps,
      at: 'start',
      waitsFor: undefined,
      result: undefined,
    };
    kernel.threads.set(op.thread, thread);
    return ok({ thread: viewOf(kernel, thread) });
  }

  /** Lets a thread make some steps; it stops early where it must wait. Answers how far it came. */
  runThread(kernel: Kernel, thread: Thread, steps: number): Result<unknown> {
    for (let step = 0; step < steps && kernel.threads.has(thread.id); step += 1) {
      kernel.advance(thread);
      if (thread.waitsFor !== undefined) break;
    }
    return ok({ thread: viewOf(kernel, thread), ...(thread.result && { result: thread.result }) });
  }

  inject(kernel: Kernel, op: OpOf<'inject_failure'>): Result {
    const { layer } = kernel;
    switch (INJECTIONS[op.what]) {
      case 'next_add_handler':
        layer.failNextHandler = op.value;
        break;
      case 'next_event_bind':
        layer.failNextEventBind = op.value;
        break;
      case 'foreign_vector':
        layer.foreignVectors.add(op.value);
        break;
      default:
    }
    return ok();
  }

  /** Runs the upcalls that can be delivered, until none is left. */
  deliver(): void {
    for (let round = 0; round < UPCALL_ROUNDS_MAX; round += 1) {
      let delivered = false;
      for (const kernel of this.#kernels.values()) delivered = kernel.deliver() || delivered;
      if (!delivered) return;
    }
  }

  /** Whether a schedule holds threads: their state is in no snapshot. */
  get hasThreads(): boolean {
    for (const kernel of this.#kernels.values()) if (kernel.threads.size > 0) return true;
    return false;
  }

  /** Domains that are gone take their kernels along. */
  forgetDestroyed(): void {
    for (const [dom, kernel] of this.#kernels) {
      if (this.#xen.domains.get(dom) !== kernel.domain || kernel.domain.life !== 'alive') {
        this.#kernels.delete(dom);
      }
    }
  }
}

function viewOf(kernel: Kernel, thread: Thread): ThreadView {
  if (thread.result !== undefined) return { state: 'done', at: thread.at };
  if (kernel.dead !== undefined) return { state: 'dead', at: thread.at };
  if (thread.waitsFor === undefined) return { state: 'ready', at: thread.at };
  return { state: 'waits', at: thread.at, waitsFor: thread.waitsFor };
}
