import { TraceServiceService as traces } from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import type {
  RecordOpen,
  RecordRequest,
  RecordResponse,
  RecordStep as ProtoStep,
} from '../../../proto/gen/evtchnd/v1/trace_service.ts';
import type { BatchOp } from '../batch/batch-op.ts';
import { machineConfigToProto } from '../views/machine-view.ts';
import type { MachineConfig } from '../views/machine-view.ts';
import { Pipeline } from '../wire/pipeline.ts';
import type { Wire } from '../wire/wire.ts';

/** In which machine a recording takes place, and how much may be under way. */
export interface RecordingOptions {
  /** A machine of the service. Default: a new one, made by `scratch`. */
  readonly machine?: string;
  /** What the new machine is like. It lives as long as the recording, however that ends. */
  readonly scratch?: MachineConfig;
  /** Batches that may be sent before the first of them is answered. Default: 8. */
  readonly window?: number;
}

/** What a recording is asked to do. `i` is the number of the op in the trace. */
export type RecordStep =
  /** An op line with the answer, then what changed in the memory of the attached domains. */
  | {
      readonly kind: 'op';
      readonly i: number;
      readonly op: BatchOp<unknown>;
      readonly repeat?: number;
    }
  /** An op of the set-up: no line, unless it fails. */
  | { readonly kind: 'arrange'; readonly op: BatchOp<unknown> }
  /** Observe this domain from here on. No line. */
  | { readonly kind: 'attach'; readonly dom: number }
  /** The whole observed state of a domain, which is attached from here on. */
  | { readonly kind: 'observe'; readonly i: number; readonly dom: number }
  /** EVTCHNOP_status of every port of a domain, at most `limit`, as dom0 asks for it. */
  | { readonly kind: 'audit'; readonly i: number; readonly dom: number; readonly limit: number }
  /** Whether the SCHEDOP_poll that a vCPU began here has returned. */
  | { readonly kind: 'join'; readonly i: number; readonly caller: number; readonly vcpu: number };

const WINDOW = 8;

/** Executes steps in batches, and tells what each did in lines of xen-evtchn-trace/1. */
export class Recording implements AsyncDisposable {
  readonly #pipeline: Pipeline<RecordRequest, RecordResponse>;
  #open: RecordOpen | undefined;
  #nextId = 1;

  constructor(wire: Wire, options: RecordingOptions) {
    const stream = wire.duplex(traces.record);
    this.#pipeline = new Pipeline(stream, options.window ?? WINDOW, wire.explain.bind(wire));
    this.#open = openOf(options);
  }

  /**
   * Executes steps after those before, and answers with the lines that each gave: JSON texts, one
   * a line, joined by line ends; '' where there are none. Whoever sends many batches awaits
   * `ready` before each.
   */
  async steps(steps: readonly RecordStep[]): Promise<readonly string[]> {
    const request = { id: this.#nextId, open: this.#open, steps: steps.map(stepToProto) };
    this.#nextId = (this.#nextId + 1) >>> 0;
    this.#open = undefined;
    return (await this.#pipeline.exchange(request)).lines;
  }

  /** Resolves when fewer batches than the window are under way. */
  ready(): Promise<void> {
    return this.#pipeline.ready();
  }

  /** Waits for the outstanding answers, and ends the recording. */
  end(): Promise<void> {
    return this.#pipeline.end();
  }

  /** Ends the recording at once. */
  cancel(): void {
    this.#pipeline.cancel();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

function openOf({ machine, scratch = {} }: RecordingOptions): RecordOpen {
  if (machine !== undefined) return { subject: { $case: 'machine', value: machine } };
  return { subject: { $case: 'scratch', value: machineConfigToProto(scratch) } };
}

function stepToProto(step: RecordStep): ProtoStep {
  switch (step.kind) {
    case 'op': {
      const { i, op, repeat = 0 } = step;
      return { i, step: { $case: 'op', value: op.message }, repeat };
    }
    case 'arrange':
      return { i: 0, step: { $case: 'arrange', value: step.op.message }, repeat: 0 };
    case 'attach':
      return { i: 0, step: { $case: 'attach', value: { dom: step.dom } }, repeat: 0 };
    case 'observe':
      return { i: step.i, step: { $case: 'observe', value: { dom: step.dom } }, repeat: 0 };
    case 'audit': {
      const { i, dom, limit } = step;
      return { i, step: { $case: 'audit', value: { dom, limit } }, repeat: 0 };
    }
    case 'join': {
      const { i, caller, vcpu: callerVcpu } = step;
      return { i, step: { $case: 'join', value: { caller, callerVcpu } }, repeat: 0 };
    }
  }
}
