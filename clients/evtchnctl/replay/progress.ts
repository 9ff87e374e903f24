import type { Tally } from './tally.ts';

const BAR_WIDTH = 24;
const REDRAW_MS = 100;
const PLAIN_LINE_MS = 2_000;

/** Tells on stderr how far it is: a bar on a terminal, otherwise a line now and then. */
export class Progress {
  readonly #total: number;
  readonly #isTerminal = process.stderr.isTTY;
  #lastMs = performance.now();
  #isDrawn = false;

  constructor(total: number) {
    this.#total = total;
  }

  show(tally: Tally): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastMs < (this.#isTerminal ? REDRAW_MS : PLAIN_LINE_MS)) return;
    this.#lastMs = nowMs;
    const done = tally.traces + tally.problems;
    const text = `${done} of ${this.#total}: ${tally.ops} ops, ${tally.differences} differences`;
    if (!this.#isTerminal) {
      console.error(text);
      return;
    }
    const filled = Math.round((done / this.#total) * BAR_WIDTH);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
    this.#isDrawn = true;
    process.stderr.write(`\r${bar} ${text}\x1b[K`);
  }

  /** Makes room for other output. */
  clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    process.stderr.write('\r\x1b[K');
  }
}
