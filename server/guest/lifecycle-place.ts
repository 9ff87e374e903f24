import type { Fault, KernelView, SuspendMode } from '../../core/index.ts';
import type { AttachResponse } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { fatesOf } from './fates.ts';
import { faultMessage, suspendModeMessage } from './guest-messages.ts';

/** A suspend that was begun. */
export interface Suspend {
  readonly number: number;
  readonly mode: SuspendMode;
  /** When it fails unless all are ready, in ms of performance.now; undefined: nobody waits. */
  readonly deadline: number | undefined;
}

interface Resumed {
  readonly mode: SuspendMode;
  readonly dom: number;
  readonly previousDom: number;
}

/** Nothing has changed: the driver goes on as if it had not been asked. */
const NOTHING_HAPPENED: ReadonlySet<SuspendMode> = new Set(['cancelled', 'failed']);
/** The most that it can be, for a driver that missed several suspends. */
const SEVERITY: readonly SuspendMode[] = [
  'failed',
  'cancelled',
  'checkpoint',
  'uncooperative',
  'real',
  'soft_reset',
];

/** What a driver was not told of its guest's life: a place for each, never a queue. */
export class LifecyclePlace {
  #resumed: Resumed | undefined;
  #suspending: Suspend | undefined;
  #suspended = false;
  #fault: { readonly fault: Fault; readonly fatal: boolean } | undefined;

  suspending(suspend: Suspend): void {
    this.#suspending = suspend;
    this.#suspended = false;
  }

  suspended(): void {
    this.#suspended = true;
  }

  /** What led here needs no telling any more; of two resumes the one that changed more is told. */
  resumed(resumed: Resumed): void {
    this.#suspending = undefined;
    this.#suspended = false;
    const earlier = this.#resumed;
    this.#resumed =
      earlier === undefined
        ? resumed
        : { ...resumed, mode: worse(earlier.mode, resumed.mode), previousDom: earlier.previousDom };
  }

  fault(fault: Fault, fatal: boolean): void {
    this.#fault = { fault, fatal };
  }

  /** The next message, if there is one: taken with it. */
  take(
    handles: ReadonlySet<number>,
    view: () => KernelView | undefined,
  ): AttachResponse['message'] | undefined {
    if (this.#resumed !== undefined) {
      const resumed = this.#resumed;
      this.#resumed = undefined;
      return resumedMessage(resumed, handles, view());
    }
    if (this.#suspending !== undefined) {
      const suspend = this.#suspending;
      this.#suspending = undefined;
      return suspendingMessage(suspend);
    }
    if (this.#suspended) {
      this.#suspended = false;
      return { $case: 'suspended', value: {} };
    }
    if (this.#fault === undefined) return undefined;
    const { fault, fatal } = this.#fault;
    this.#fault = undefined;
    return { $case: 'fault', value: faultMessage(fault, fatal) };
  }
}

function resumedMessage(
  { mode, dom, previousDom }: Resumed,
  handles: ReadonlySet<number>,
  view: KernelView | undefined,
): AttachResponse['message'] {
  const number = suspendModeMessage(mode);
  if (NOTHING_HAPPENED.has(mode)) return { $case: 'cancelled', value: { mode: number } };
  const fates = fatesOf(view, mode, handles);
  return { $case: 'resumed', value: { mode: number, dom, previousDom, handles: fates } };
}

function suspendingMessage({ number, mode, deadline }: Suspend): AttachResponse['message'] {
  const left = deadline === undefined ? 0 : Math.max(1, Math.round(deadline - performance.now()));
  const value = { suspend: number, mode: suspendModeMessage(mode), deadlineMs: left };
  return { $case: 'suspending', value };
}

const worse = (a: SuspendMode, b: SuspendMode): SuspendMode =>
  SEVERITY.indexOf(a) > SEVERITY.indexOf(b) ? a : b;
