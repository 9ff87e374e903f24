import type { Fault } from '../guest/fault.ts';
import { canonical } from './canonical.ts';
import type { InvariantName } from './invariants.ts';

/** What came of a scenario: nothing wrong, or the first thing that was. */
export type Outcome = 'ok' | WrongOutcome;

export type WrongOutcome =
  | Fault
  | { readonly kind: 'invariant'; readonly invariant: InvariantName; readonly port: number }
  | { readonly kind: 'expectation'; readonly what: string; readonly found: string }
  /** The machine would not do it: the scenario is wrong. */
  | { readonly kind: 'refused'; readonly message: string };

/** Whether two outcomes are the same, fault and fields. */
export const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  a === 'ok' || b === 'ok' ? a === b : canonical(a) === canonical(b);

/** A word or two, for a table. */
export function outcomeName(outcome: Outcome): string {
  if (outcome === 'ok') return 'ok';
  return outcome.kind === 'invariant' ? outcome.invariant : outcome.kind;
}

/** One line that says it all. */
export function outcomeText(outcome: Outcome): string {
  if (outcome === 'ok') return 'ok: nothing went wrong';
  switch (outcome.kind) {
    case 'panic':
    case 'kassert':
      return `${outcome.kind}: ${outcome.text}`;
    case 'page_fault':
    case 'oob_write':
      return `${outcome.kind}: ${outcome.array}[${outcome.index}]`;
    case 'corruption':
      return `corruption: ${outcome.what}`;
    case 'hang':
      return `hang: ${outcome.lock}`;
    case 'lost_event':
      return `lost_event: port ${outcome.port}`;
    case 'stray_event':
      return `stray_event: port ${outcome.port} on vCPU ${outcome.vcpu}`;
    case 'invariant':
      return `invariant ${outcome.invariant}: port ${outcome.port}`;
    case 'expectation':
      return `expectation: ${outcome.what}, found ${outcome.found}`;
    case 'refused':
      return `refused: ${outcome.message}`;
  }
}
