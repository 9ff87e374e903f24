import { HandlerKind } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type {
  AttachResponse,
  Attached,
  Handler,
  Suspending as SuspendingMessage,
} from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { EvtchndError } from '../errors.ts';
import { fateFromProto, faultFromProto, suspendModeFromProto } from '../views/guest.ts';
import type { Fault } from '../views/guest.ts';
import type { Wire } from '../wire/wire.ts';
import { Attachment } from './attachment.ts';
import { HandleCalls } from './handle-calls.ts';
import { Interrupts } from './interrupts.ts';
import type { Interrupt, InterruptHandler } from './interrupts.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Cancelled, Resumed, Suspending } from './lifecycle.ts';

/** How a driver introduces itself. */
export interface DriverOptions {
  /** Its name, for people: 1 to 64 bytes. Default: 'driver'. */
  readonly driver?: string;
  /** How long its bindings outlive its connection, in ms, up to 600 000. Default: 10 000. */
  readonly leaseMs?: number;
  /** The token it had before its domain was restored: its handles come along. */
  readonly token?: number;
}

/**
 * A driver of a guest, running here: handlers run for its interrupts, listeners for the life of its
 * guest. A broken connection is opened again by itself within the lease, and nothing is lost.
 */
export class Driver
  extends HandleCalls
  implements AsyncDisposable, AsyncIterable<Interrupt, void, undefined>
{
  /** Resolves when it has left; throws when its session is lost, or a handler has failed. */
  readonly closed: Promise<void>;
  readonly #attachment: Attachment;
  readonly #interrupts: Interrupts;
  readonly #lifecycle = new Lifecycle();
  readonly #opened = Promise.withResolvers<this>();
  readonly #closed = Promise.withResolvers<void>();
  #attached: Attached | undefined;
  #dom: number;
  /** The last suspend, and what was answered: told again after a broken connection. */
  #answer: { readonly suspend: number; readonly ready: Promise<Ready> } | undefined;
  #failure: Error | undefined;

  private constructor(wire: Wire, machine: string, dom: number, options: DriverOptions) {
    super(wire, machine);
    this.#dom = dom;
    this.closed = this.#closed.promise;
    this.closed.catch(() => undefined); // Whoever cares awaits it.
    this.#interrupts = new Interrupts(
      ({ handle, sequence }) =>
        this.#attachment.send({ $case: 'handled', value: { handle, sequence } }),
      (error) => this.#fail(error),
    );
    const { driver = 'driver', leaseMs = 0, token = 0 } = options;
    const open = { machine, dom, driver, leaseMs, session: '', token };
    this.#attachment = new Attachment(wire, open, {
      attached: (attached) => this.#onAttached(attached),
      told: (message) => void this.#onTold(message).catch((error: unknown) => this.#fail(error)),
      ended: (error) => this.#onEnded(error),
    });
  }

  /** See Domain.attach. */
  static attach(wire: Wire, machine: string, dom: number, options: DriverOptions): Promise<Driver> {
    return new Driver(wire, machine, dom, options).#opened.promise;
  }

  get dom(): number {
    return this.#dom;
  }

  /** What its handlers have in common in the guest. */
  get token(): number {
    return this.#attached?.token ?? 0;
  }

  /**
   * Runs `handler` for each interrupt of `handle`; the next one comes when it has resolved. What it
   * throws ends the driver: `closed` throws it. Answers how to stop that.
   */
  on(handle: number, handler: InterruptHandler): () => void {
    return this.#interrupts.on(handle, handler);
  }

  /** The guest is about to be suspended: it waits until `listener` resolves; throwing refuses. */
  onSuspending(listener: (suspending: Suspending) => unknown): () => void {
    return this.#lifecycle.on('suspending', listener);
  }

  /** The vCPUs have stopped. */
  onSuspended(listener: () => unknown): () => void {
    return this.#lifecycle.on('suspended', listener);
  }

  /** The guest runs again: stale handles are unbound, and bound anew, now. */
  onResumed(listener: (resumed: Resumed) => unknown): () => void {
    return this.#lifecycle.on('resumed', listener);
  }

  /** The suspend was cancelled, or failed: nothing has changed. */
  onCancelled(listener: (cancelled: Cancelled) => unknown): () => void {
    return this.#lifecycle.on('cancelled', listener);
  }

  /** The guest's kernel did something wrong. */
  onFault(listener: (fault: Fault) => unknown): () => void {
    return this.#lifecycle.on('fault', listener);
  }

  /**
   * Interrupts of handles without a handler. Each is handled when the loop asks for the next one.
   * The loop ends when the driver leaves, and throws when its session is lost.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Interrupt, void, undefined> {
    yield* this.#interrupts.loop();
    await this.closed;
  }

  /** Ends the session: its handles are unbound. */
  async leave(): Promise<void> {
    this.#attachment.send({ $case: 'leave', value: {} });
    await this.closed;
  }

  /** Goes as a process goes that dies: its handles stay bound until the lease ends. */
  abandon(): void {
    this.#attachment.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave().catch(() => undefined);
  }

  protected get handler(): Handler {
    return { token: this.token, kind: HandlerKind.ITHREAD };
  }

  protected forget(handle: number): void {
    this.#interrupts.forget(handle);
  }

  #onAttached(attached: Attached): void {
    this.#attached = attached;
    this.#dom = attached.dom;
    this.#opened.resolve(this);
  }

  async #onTold(message: Exclude<AttachResponse['message'], undefined>): Promise<void> {
    switch (message.$case) {
      case 'interrupt':
        return this.#interrupts.told(message.value);
      case 'suspending':
        return this.#onSuspending(message.value);
      case 'suspended':
        return this.#lifecycle.tell('suspended', undefined);
      case 'resumed': {
        const { mode, dom, previousDom, handles } = message.value;
        this.#dom = dom;
        const fates = handles.map(fateFromProto);
        for (const { handle, fate } of fates) if (fate === 'gone') this.forget(handle);
        const resumed = { mode: suspendModeFromProto(mode), dom, previousDom, handles: fates };
        return this.#lifecycle.tell('resumed', resumed);
      }
      case 'cancelled': {
        const mode = suspendModeFromProto(message.value.mode);
        return this.#lifecycle.tell('cancelled', { mode });
      }
      case 'fault':
        return this.#lifecycle.tell('fault', faultFromProto(message.value));
      case 'attached': // Not passed on.
    }
  }

  async #onSuspending({ suspend, mode, deadlineMs }: SuspendingMessage): Promise<void> {
    if (this.#answer?.suspend !== suspend) {
      const event = { mode: suspendModeFromProto(mode), deadlineMs };
      const ready = this.#lifecycle.tell('suspending', event).then(
        () => ({ refused: false, reason: '' }),
        (error: unknown) => ({
          refused: true,
          reason: error instanceof Error ? error.message : String(error),
        }),
      );
      this.#answer = { suspend, ready };
    }
    const value = { suspend, ...(await this.#answer.ready) };
    this.#attachment.send({ $case: 'ready', value });
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new EvtchndError(String(error));
    this.#attachment.cancel();
  }

  #onEnded(lost: Error | undefined): void {
    const error = this.#failure ?? lost;
    this.#interrupts.end();
    if (error === undefined) return this.#closed.resolve();
    this.#opened.reject(error);
    this.#closed.reject(error);
  }
}

interface Ready {
  readonly refused: boolean;
  readonly reason: string;
}
