import type { Errno } from '../public/errno.ts';
import type { GuestKind } from '../public/shared-info.ts';
import type { VariantName } from '../guest/knobs.ts';
import type { Outcome } from './outcome.ts';
import type { ExpectName, VerbName } from './verbs.ts';

/** First member of every scenario file. */
export const SCENARIO_FORMAT = 'evtchnd-scenario/1';

/** A story about guests, with what comes of it in each variant: docs/scenarios.md. */
export interface Scenario {
  /** As it is asked for: S4. */
  readonly name: string;
  readonly title: string;
  /** What it shows, and which point of the review that is. */
  readonly text: string;
  readonly domains: readonly ScenarioDomain[];
  readonly steps: readonly Step[];
  readonly expected: Readonly<Record<VariantName, Outcome>>;
  /** What single knobs do that are turned the wrong way. */
  readonly turned: readonly Turned[];
}

export interface ScenarioDomain {
  readonly dom: number;
  readonly guest: GuestKind;
  readonly vcpus: number;
  /** Whether a kernel boots in it, of the variant under test; else it only makes hypercalls. */
  readonly kernel: boolean;
  /** NR_EVENT_CHANNELS of its layer; 0: as many as the ABI has. Xen then gives it no more. */
  readonly nr: number;
  /** Whether it has xenstore and a console, after `precreate` other ports. */
  readonly store: boolean;
  readonly precreate: number;
  readonly rereadsStore: boolean;
}

export interface Turned {
  readonly variant: VariantName;
  readonly set: Readonly<Record<string, string | boolean>>;
  readonly outcome: Outcome;
}

export type Step = ActionStep | RunStep | ExpectStep;

/** What a value may be in a file: ports by number, by name, or `port(h)`. */
export type Value = string | number | boolean;

interface StepBase {
  /** Line in the file, for messages. */
  readonly line: number;
  /** Why the step is there: the story says it. */
  readonly why: string;
  readonly dom: number;
  readonly args: Readonly<Record<string, Value>>;
}

/** Somebody does something. */
export interface ActionStep extends StepBase {
  readonly kind: 'do';
  readonly verb: VerbName;
  /** The thread that starts here, and goes on when the schedule says so. */
  readonly thread: string | undefined;
  /** What it must answer; `any`: the step does not ask. */
  readonly errno: Errno | 'ok' | 'any';
  /** The hypercalls that the layer must make, if the step asks. */
  readonly hypercalls: readonly string[] | undefined;
}

/** A thread goes on: until it is about to access `to`, until it has accessed `after`, or ends. */
export interface RunStep extends StepBase {
  readonly kind: 'run';
  readonly thread: string;
  readonly to: string | undefined;
  readonly after: string | undefined;
}

/** Something must be so now. */
export interface ExpectStep extends StepBase {
  readonly kind: 'expect';
  readonly what: ExpectName;
  readonly is: Value;
}
