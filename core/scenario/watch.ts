import type { Fault } from '../guest/fault.ts';
import { outcomeText } from './outcome.ts';
import type { WrongOutcome } from './outcome.ts';
import { guestState, stateChanges } from './state-diff.ts';
import type { GuestState } from './state-diff.ts';
import type { World } from './world.ts';

/** Looks at the guests after every step: what changed, their faults, and the invariants. */
export class Watch {
  readonly #world: World;
  readonly #states = new Map<number, GuestState>();
  readonly #faults = new Map<number, number>();
  /** Violations told already. */
  readonly #told = new Set<string>();
  #steps = 0;
  /** The first invariant that did not hold, and where. The story goes on: it may get worse. */
  firstViolation: { readonly outcome: WrongOutcome; readonly step: number } | undefined;

  constructor(world: World) {
    this.#world = world;
    for (const dom of world.checkers.keys()) this.#states.set(dom, this.#state(dom));
  }

  /** Adds lines to the right column, and answers the fault that the step came to. */
  look(right: string[]): Fault | undefined {
    this.#steps += 1;
    let fault: Fault | undefined;
    for (const dom of this.#world.checkers.keys()) {
      const state = this.#state(dom);
      right.push(...stateChanges(this.#states.get(dom)!, state));
      this.#states.set(dom, state);
      fault ??= this.#newFault(dom, right);
      if (fault === undefined) this.#checkInvariants(dom, right);
    }
    return fault;
  }

  #state(dom: number): GuestState {
    const { machine, kinds } = this.#world;
    return guestState(machine, this.#world.dom(dom), kinds.get(dom)!.guest);
  }

  /** Of the faults of a step, the one that ended the guest counts, else the first. */
  #newFault(dom: number, right: string[]): Fault | undefined {
    const kernel = this.#world.machine.guest(this.#world.dom(dom));
    if (kernel === undefined) return undefined;
    const fresh = kernel.faults.slice(this.#faults.get(dom) ?? 0);
    this.#faults.set(dom, kernel.faults.length);
    for (const fault of fresh) right.push(`! ${outcomeText(fault)}`);
    return fresh.length === 0 ? undefined : (kernel.dead ?? fresh[0]);
  }

  #checkInvariants(dom: number, right: string[]): void {
    for (const { invariant, port, what } of this.#world.checkers.get(dom)!.violations()) {
      const key = `${dom} ${invariant} ${port}`;
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      right.push(`! invariant ${invariant}: ${what}`);
      this.firstViolation ??= {
        outcome: { kind: 'invariant', invariant, port },
        step: this.#steps,
      };
    }
  }
}
