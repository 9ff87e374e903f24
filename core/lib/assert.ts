/** A bug in this project, never a guest's or a client's mistake: those get an errno. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** States what must hold here. Stays on in production: the machine that trips one is retired. */
export function assert(holds: boolean, invariant: string): asserts holds {
  if (!holds) throw new InvariantViolation(invariant);
}

/** Closes a `switch` over a union: adding a case without handling it fails to compile. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unhandled case: ${JSON.stringify(value)}`);
}
