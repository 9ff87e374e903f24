import { isReplayed } from './judged.ts';
import type { Judged } from './judged.ts';

/** What a run of replays came to. */
export class Tally {
  traces = 0;
  ops = 0;
  differences = 0;
  /** Files that could not be read, or not be replayed. */
  problems = 0;

  add(judged: Judged): void {
    if (!isReplayed(judged)) {
      this.problems += 1;
      return;
    }
    this.traces += 1;
    this.ops += judged.ops;
    this.differences += judged.differences.length;
  }

  get isGood(): boolean {
    return this.traces > 0 && this.differences === 0 && this.problems === 0;
  }

  toString(): string {
    return `${this.traces} traces, ${this.ops} ops, ${this.differences} differences`;
  }
}
