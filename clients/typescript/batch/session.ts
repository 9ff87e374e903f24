import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type {
  SessionOpen,
  SessionRequest,
  SessionResponse,
} from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { Pipeline } from '../wire/pipeline.ts';
import type { Wire } from '../wire/wire.ts';
import type { BatchOp } from './batch-op.ts';
import { outcomesOf } from './outcome.ts';
import type { Outcomes } from './outcome.ts';

/** For whom a session acts, and how much may be under way. */
export interface SessionOptions {
  /** Caller of every op that names none. Default: 0, dom0. */
  readonly caller?: number;
  /** Its vCPU. Default: 0. */
  readonly callerVcpu?: number;
  /** Batches that may be sent before the first of them is answered. Default: 16. */
  readonly window?: number;
}

const WINDOW = 16;

/**
 * The fast path: a stream of batches of ops, executed and answered in the order of `run`. Batches
 * follow each other without waiting for answers. A session that has failed stays failed: whether
 * its last batches ran is not known, so nothing is sent again.
 */
export class Session implements AsyncDisposable {
  readonly #pipeline: Pipeline<SessionRequest, SessionResponse>;
  #open: SessionOpen | undefined;
  #nextId = 1;

  constructor(wire: Wire, machine: string, options: SessionOptions) {
    const stream = wire.duplex(methods.session);
    const explain = wire.explain.bind(wire);
    this.#pipeline = new Pipeline(stream, options.window ?? WINDOW, explain);
    this.#open = { machine, caller: options.caller ?? 0, callerVcpu: options.callerVcpu ?? 0 };
  }

  /**
   * Executes up to 4096 ops in order, after the batches before, and answers what became of each.
   * An op that fails does not stop those after it. Whoever runs many batches without waiting for
   * their outcomes awaits `ready` before each, so that they do not pile up here.
   *
   * Throws RefusedError (BATCH_TOO_LARGE, NO_MACHINE, MACHINE_DELETED, …) and ConnectionError; the
   * session has ended then.
   */
  async run<const Ops extends readonly BatchOp<unknown>[]>(ops: Ops): Promise<Outcomes<Ops>> {
    const request = { id: this.#nextId, ops: ops.map(({ message }) => message), open: this.#open };
    this.#nextId = (this.#nextId + 1) >>> 0;
    this.#open = undefined;
    const { results } = await this.#pipeline.exchange(request);
    return outcomesOf(ops, results);
  }

  /** Resolves when fewer batches than the window are under way. Throws as `run` does. */
  ready(): Promise<void> {
    return this.#pipeline.ready();
  }

  /** Waits for the outstanding answers, and ends the session. */
  end(): Promise<void> {
    return this.#pipeline.end();
  }

  /** Ends the session at once: what was sent may run all the same. */
  cancel(): void {
    this.#pipeline.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}
