import type { Refusal, RefusalReason } from './answer.ts';
import type { Op } from './op.ts';

export const refuse = (refused: RefusalReason, message: string): Refusal => ({
  ok: false,
  refused,
  message,
});

/** What a machine answers after an assertion of ours failed. */
export const retirement = ({ message, op }: { message: string; op: number }): Refusal =>
  refuse('retired', `retired at op ${op}, as an assertion failed: ${message}`);

/** A number that a domid could be. */
export const isDomid = (value: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= 0xffff;

/** The op has an argument that no guest could express. */
export function badArgument(op: Op, name: string): Refusal {
  const value = String((op as unknown as Record<string, unknown>)[name]);
  return refuse(
    'bad_argument',
    `${name} of ${op.op} is ${value}: give a whole number in its range`,
  );
}
