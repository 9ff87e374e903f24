import type { Difference } from '../../../core/index.ts';

/** What became of one trace: it was replayed, or why it could not be. */
export type Judged = Replayed | NotReplayed;

export interface Replayed {
  readonly trace: string;
  readonly ops: number;
  readonly differences: readonly Difference[];
}

export interface NotReplayed {
  readonly trace: string;
  /** With file and line, where a line is to blame. */
  readonly problem: string;
}

export const isReplayed = (judged: Judged): judged is Replayed => !('problem' in judged);
