import { errnoOf, isRefusal } from '../machine/answer.ts';
import type { Answer } from '../machine/answer.ts';
import { canonical } from './canonical.ts';
import { effectLine } from './effect-lines.ts';
import { findOut, isAsSaid } from './expectations.ts';
import type { ActionStep, ExpectStep, RunStep, Scenario, Step } from './format.ts';
import { sameOutcome } from './outcome.ts';
import type { Outcome, WrongOutcome } from './outcome.ts';
import { expectationText, stepText } from './step-text.ts';
import { Threads } from './threads.ts';
import type { Call } from './threads.ts';
import { plainOps } from './to-op.ts';
import { isGuestVerb } from './verbs.ts';
import { Watch } from './watch.ts';
import { World } from './world.ts';
import type { Choice } from './world.ts';

/** One step of a story: who did what, and what Xen and the layer did. */
export interface StoryRow {
  /** Place among the steps, from 1. */
  readonly step: number;
  readonly left: string;
  /** Why the scenario has the step. */
  readonly why: string;
  readonly right: readonly string[];
}

export interface ScenarioResult extends Choice {
  readonly scenario: string;
  readonly story: readonly StoryRow[];
  readonly outcome: Outcome;
  /** The step that the outcome came of; 0: none. */
  readonly step: number;
  /** The first invariant that did not hold, often steps before anybody notices. */
  readonly firstSign: { readonly outcome: Outcome; readonly step: number } | undefined;
  readonly expected: Outcome;
  readonly asExpected: boolean;
  /** Over the machine as it was in the end; empty while a schedule holds threads. */
  readonly stateHash: string;
}

/** Plays a scenario with guests of one variant, up to the first thing that goes wrong. */
export function runScenario(scenario: Scenario, choice: Choice): ScenarioResult {
  const run = new Run(scenario, choice);
  const story: StoryRow[] = [];
  let wrong: WrongOutcome | undefined;
  let at = 0;
  for (const [index, step] of scenario.steps.entries()) {
    const right: string[] = [];
    wrong = run.step(step, right);
    at = index + 1;
    story.push({ step: at, left: stepText(step), why: step.why, right });
    if (wrong !== undefined) break;
  }
  wrong ??= run.hung();
  const found = wrong === undefined ? run.firstViolation : { outcome: wrong, step: at };
  const outcome = found?.outcome ?? 'ok';
  const expected = expectedOutcome(scenario, choice);
  return {
    scenario: scenario.name,
    ...choice,
    story,
    outcome,
    step: found?.step ?? 0,
    firstSign: run.firstViolation,
    expected,
    asExpected: sameOutcome(outcome, expected),
    stateHash: run.stateHash,
  };
}

/** What the file says of a variant, or of a knob that it turns; other knobs change nothing. */
export function expectedOutcome(scenario: Scenario, { variant, set }: Choice): Outcome {
  const turned = scenario.turned.find(
    (known) => known.variant === variant && canonical(known.set) === canonical(set),
  );
  return turned?.outcome ?? scenario.expected[variant];
}

/** A scenario that is being played. */
class Run {
  readonly #world: World;
  readonly #threads: Threads;
  readonly #watch: Watch;

  constructor(scenario: Scenario, choice: Choice) {
    this.#world = new World(scenario, choice);
    this.#threads = new Threads(this.#world);
    this.#watch = new Watch(this.#world);
  }

  get firstViolation(): Watch['firstViolation'] {
    return this.#watch.firstViolation;
  }

  get stateHash(): string {
    const { machine, checkers } = this.#world;
    for (const { declared } of checkers.values()) {
      if ((machine.guest(declared.dom)?.threads.length ?? 0) > 0) return '';
    }
    return machine.stateHash();
  }

  /** Makes a step, tells what happened, and answers what went wrong. */
  step(step: Step, right: string[]): WrongOutcome | undefined {
    const wrong = this.#make(step, right);
    const fault = this.#watch.look(right);
    const outcome = fault ?? wrong;
    if (outcome?.kind === 'expectation') right.push(`! expected: ${outcome.what}`);
    if (outcome?.kind === 'refused') right.push(`! refused: ${outcome.message}`);
    return outcome;
  }

  /** A thread that nobody can wake any more. */
  hung(): WrongOutcome | undefined {
    const lock = this.#threads.waiting[0]?.view.waitsFor;
    return lock === undefined ? undefined : { kind: 'hang', lock };
  }

  #make(step: Step, right: string[]): WrongOutcome | undefined {
    switch (step.kind) {
      case 'do':
        return isGuestVerb(step.verb) ? this.#call(step, right) : this.#act(step, right);
      case 'run':
        return this.#runThread(step, right);
      case 'expect':
        return this.#expect(step, right);
    }
  }

  #call(step: ActionStep, right: string[]): WrongOutcome | undefined {
    const { as } = step.args;
    if (as !== undefined) this.#world.nameHandle(String(as), step.dom);
    const call = this.#threads.start(step);
    if ('refused' in call) return { kind: 'refused', message: call.refused };
    if (step.thread !== undefined) {
      right.push(`${step.thread} stands before: start`);
      return undefined;
    }
    return this.#goOn(call, right);
  }

  #runThread(step: RunStep, right: string[]): WrongOutcome | undefined {
    const call = this.#threads.named(step.thread);
    if (call === undefined) {
      return { kind: 'refused', message: `thread ${step.thread} has come to its end already` };
    }
    return this.#goOn(call, right, step);
  }

  #goOn(call: Call, right: string[], until?: RunStep): WrongOutcome | undefined {
    const { lines, refused } = this.#threads.run(call, until);
    right.push(...lines);
    if (refused !== undefined) return { kind: 'refused', message: refused };
    if (call.answer === undefined) return undefined;
    if (call.answer !== 'ok') right.push(`answers ${call.answer}`);
    const { as, portAs } = call.step.args;
    if (portAs !== undefined) this.#world.namePort(String(portAs), this.#world.portOf(String(as)));
    return wrongAnswer(call.step, call.answer) ?? wrongHypercalls(call);
  }

  #act(step: ActionStep, right: string[]): WrongOutcome | undefined {
    const world = this.#world;
    if (isGuestVerb(step.verb)) return undefined;
    const ops = plainOps(step.verb, step.args, world.dom(step.dom), world);
    const answers = ops.map((op) => world.execute(op));
    const answer = answers.find(({ ok }) => !ok) ?? answers.at(-1)!;
    const handle = (token: number): string | undefined => world.handleName(token);
    for (const effect of world.takeEffects()) {
      const line = effectLine(effect, { handle });
      if (line !== undefined) right.push(line);
    }
    if (isRefusal(answer)) return { kind: 'refused', message: answer.message };
    const errno = errnoOf(answer) ?? 'ok';
    if (errno !== 'ok') right.push(`answers ${errno}`);
    const { as } = step.args;
    if (as !== undefined && answer.ok) world.namePort(String(as), portOf(answer));
    return wrongAnswer(step, errno);
  }

  #expect(step: ExpectStep, right: string[]): WrongOutcome | undefined {
    const found = findOut(this.#world, step);
    right.push(`it is ${found}`);
    if (isAsSaid(step, found)) return undefined;
    const what = `${expectationText(step.what, step.args)} = ${String(step.is)}`;
    return { kind: 'expectation', what, found };
  }
}

function wrongAnswer(step: ActionStep, found: string): WrongOutcome | undefined {
  if (step.errno === 'any' || step.errno === found) return undefined;
  return { kind: 'expectation', what: `${stepText(step)} answers ${step.errno}`, found };
}

function wrongHypercalls({ step, hypercalls }: Call): WrongOutcome | undefined {
  const { hypercalls: wanted } = step;
  const name = (calls: readonly string[]): string => calls.join(', ') || 'none';
  if (wanted === undefined || name(wanted) === name(hypercalls)) return undefined;
  const what = `hypercalls of ${stepText(step)} = ${name(wanted)}`;
  return { kind: 'expectation', what, found: name(hypercalls) };
}

function portOf(answer: Answer): number {
  const value = (answer.ok ? answer.value : undefined) as Record<string, number> | undefined;
  return value?.['port'] ?? value?.['localPort'] ?? 0;
}
