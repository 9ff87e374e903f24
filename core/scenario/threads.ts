import { assert } from '../lib/assert.ts';
import { errnoOf, isRefusal } from '../machine/answer.ts';
import type { Answer, GuestOutput, ThreadView } from '../machine/answer.ts';
import type { Op } from '../machine/op.ts';
import { effectLine } from './effect-lines.ts';
import type { ActionStep, RunStep } from './format.ts';
import { guestOp } from './to-op.ts';
import type { GuestVerb } from './verbs.ts';
import type { World } from './world.ts';

/** Accesses in a row before a thread is taken to run for ever. */
const STEPS_MAX = 100_000;
const LOCK = 'lock ';
const UNLOCK = 'unlock ';
const HYPERCALL = 'hypercall ';

/** A call into a layer that is under way. */
export interface Call {
  readonly id: number;
  readonly name: string | undefined;
  readonly caller: number;
  /** The step that began it: what it must answer. */
  readonly step: ActionStep;
  readonly hypercalls: string[];
  view: ThreadView;
  /** The errno, or `ok`, once it is done. */
  answer: string | undefined;
}

export type Progress = { readonly lines: string[]; readonly refused?: string };

/** Calls into guest layers, each a thread that goes from access to access. */
export class Threads {
  readonly #world: World;
  readonly #calls = new Map<string, Call>();
  readonly #holders = new Map<string, string>();
  #nextId = 1;

  constructor(world: World) {
    this.#world = world;
  }

  /** Calls that have not come to their end, and wait for a lock. */
  get waiting(): Call[] {
    return [...this.#calls.values()].filter(({ view }) => view.state === 'waits');
  }

  start(step: ActionStep): Call | { readonly refused: string } {
    const id = this.#nextId++;
    const caller = this.#world.dom(step.dom);
    const op = guestOp(step.verb as GuestVerb, step.args, caller, id, this.#world);
    const answer = this.#world.execute(op);
    if (isRefusal(answer)) return { refused: answer.message };
    const view: ThreadView = { state: 'ready', at: 'start' };
    const name = step.thread;
    const call: Call = { id, name, caller, step, hypercalls: [], view, answer: undefined };
    this.#calls.set(name ?? `#${id}`, call);
    return call;
  }

  named(name: string): Call | undefined {
    return this.#calls.get(name);
  }

  /** Lets a call run to its end, or as far as the schedule says. */
  run(call: Call, until?: Pick<RunStep, 'to' | 'after'>): Progress {
    const lines: string[] = [];
    for (let step = 0; step < STEPS_MAX && call.answer === undefined; step += 1) {
      const { at } = call.view;
      if (until?.to !== undefined && at === until.to) break;
      const answer = this.#world.execute(this.#oneStep(call));
      if (isRefusal(answer)) return { lines, refused: answer.message };
      this.#moved(call, answer, at);
      lines.push(...this.#lines(at));
      if (call.view.state !== 'ready') break;
      if (until?.after !== undefined && at === until.after) break;
    }
    if (call.view.state === 'done' || call.view.state === 'dead') this.#forget(call);
    return { lines: [...lines, ...this.#standing(call)] };
  }

  #oneStep({ caller, id }: Call): Op {
    return { op: 'thread_run', caller, thread: id, steps: 1 };
  }

  #moved(call: Call, answer: Answer, from: string): void {
    assert(answer.ok, 'a thread that exists can run');
    const { thread, result } = answer.value as GuestOutput;
    call.view = thread!;
    if (result !== undefined) call.answer = errnoOf(result) ?? 'ok';
    if (from.startsWith(HYPERCALL)) call.hypercalls.push(from.slice(HYPERCALL.length));
    const who = call.name ?? call.step.verb;
    if (from.startsWith(LOCK) && call.view.state !== 'waits') {
      this.#holders.set(from.slice(LOCK.length), who);
    }
    if (call.view.at.startsWith(UNLOCK)) this.#holders.delete(call.view.at.slice(UNLOCK.length));
  }

  /** What an access did: a hypercall has a line of its own, even if nothing came of it. */
  #lines(at: string): string[] {
    const handle = (token: number): string | undefined => this.#world.handleName(token);
    const lines = this.#world
      .takeEffects()
      .map((effect) => effectLine(effect, { handle }))
      .filter((line) => line !== undefined);
    if (!at.startsWith(HYPERCALL)) return lines;
    const name = `EVTCHNOP_${at.slice(HYPERCALL.length)}`;
    const [first, ...rest] = lines;
    return first === undefined ? [name] : [`${name}: ${first}`, ...rest];
  }

  /** Where the schedule left it. */
  #standing(call: Call): string[] {
    const who = call.name ?? call.step.verb;
    const { state, at, waitsFor } = call.view;
    if (state === 'ready') return [`${who} stands before: ${at}`];
    if (state !== 'waits') return [];
    const holder = this.#holders.get(waitsFor!) ?? 'nobody who runs';
    return [`${who} waits for ${waitsFor!}, which ${holder} holds`];
  }

  #forget(call: Call): void {
    for (const [name, found] of this.#calls) if (found === call) this.#calls.delete(name);
  }
}
