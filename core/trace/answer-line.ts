import { ERRNO } from '../public/errno.ts';
import { isRefusal } from '../machine/answer.ts';
import type { Answer } from '../machine/answer.ts';
import type { Op } from '../machine/op.ts';
import { snakeCase } from './to-op.ts';

/** What came back from an op, in the words of an op line. */
export interface AnswerLine {
  readonly i: number;
  readonly rc?: number;
  readonly errno?: string;
  readonly out?: Readonly<Record<string, unknown>>;
  readonly first_port?: number;
  readonly last_port?: number;
  readonly blocked?: boolean;
  readonly idle?: boolean;
  /** The machine did not take the op: real Xen has no such answer. */
  readonly refused?: string;
}

export function answerLine(i: number, op: Op, answer: Answer): AnswerLine {
  if (answer.ok) {
    const out = outputs(op, answer.value as Record<string, unknown> | undefined);
    return isMemoryAccess(op) ? { i, ...(out && { out }) } : { i, rc: 0, ...(out && { out }) };
  }
  if (isRefusal(answer)) return { i, refused: answer.message };
  const { errno } = answer;
  return {
    i,
    rc: -ERRNO[errno],
    errno,
    ...(op.op === 'sched_poll' && { out: { blocked: false } }),
  };
}

const isMemoryAccess = (op: Op): boolean => /^(m_|w_|fill|fifo_pop|mem_)/.test(op.op);

function outputs(
  op: Op,
  value: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (value === undefined || op.op === 'create_domain') return undefined;
  if (op.op === 'mem_atomic') {
    const { oldLo, oldHi } = value as { oldLo: number; oldHi: number };
    return { old: hex((BigInt(oldHi) << 32n) | BigInt(oldLo)) };
  }
  if ('old' in value && op.op !== 'm_head') {
    const digits = op.op === 'm_ready' ? 1 : 8;
    return { old: hex(value['old'] as number, digits) };
  }
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [snakeCase(name), v]));
}

export const hex = (value: number | bigint, digits = 1): string =>
  `0x${value.toString(16).padStart(digits, '0')}`;
