import type { Refusal, RefusalReason } from './answer.ts';

export const refuse = (refused: RefusalReason, message: string): Refusal => ({
  ok: false,
  refused,
  message,
});
