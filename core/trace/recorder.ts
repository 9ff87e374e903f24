import type { Answer } from '../machine/answer.ts';
import type { Machine } from '../machine/machine.ts';
import type { Op } from '../machine/op.ts';
import type { Result } from '../public/errno.ts';
import type { PortStatus } from '../public/event-channel.ts';
import { answerLine } from './answer-line.ts';
import type { AnswerLine } from './answer-line.ts';
import { audit } from './audit.ts';
import type { AuditLine, ObserveLine } from './lines.ts';
import { Observer } from './observer.ts';

/** What a recorder is asked to do next. */
export type RecordStep =
  /** Execute the op, `repeat` times (1 unless said); tell the answer and what changed. */
  | { readonly kind: 'op'; readonly i: number; readonly op: Op; readonly repeat?: number }
  /** Execute an op that belongs to the set-up: nothing is told unless it fails. */
  | { readonly kind: 'arrange'; readonly op: Op }
  /** Observe this domain from here on. */
  | { readonly kind: 'attach'; readonly dom: number }
  /** Tell the whole observed state of a domain. */
  | { readonly kind: 'observe'; readonly i: number; readonly dom: number }
  /** Tell the status of every port of a domain, at most `limit`. */
  | { readonly kind: 'audit'; readonly i: number; readonly dom: number; readonly limit: number }
  /** Ask whether the SCHEDOP_poll that a vCPU began has returned. */
  | { readonly kind: 'join'; readonly i: number; readonly caller: number; readonly vcpu: number };

export type RecordedLine = AnswerLine | ObserveLine | AuditLine;

/** Drives a machine step by step, and tells what happened in lines of xen-evtchn-trace/1. */
export class Recorder {
  readonly #machine: Machine;
  readonly #observers = new Map<number, Observer>();
  /** vCPUs whose SCHEDOP_poll slept and was not joined yet: "dom/vcpu". */
  readonly #polling = new Set<string>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  step(step: RecordStep): RecordedLine[] {
    switch (step.kind) {
      case 'op':
        return [this.#execute(step.i, step.op, step.repeat ?? 1), ...this.#observe(step.i)];
      case 'arrange':
        return this.#arrange(step.op);
      case 'attach':
        return this.#attach(step.dom) === undefined ? [nobody(0, step.dom)] : [];
      case 'observe':
        return [this.#attach(step.dom)?.full(step.i) ?? nobody(step.i, step.dom)];
      case 'audit':
        return [audit(step.i, step.dom, step.limit, (port) => this.#status(step.dom, port))];
      case 'join':
        return [this.#join(step.i, step.caller, step.vcpu)];
    }
  }

  #execute(i: number, op: Op, repeat: number): AnswerLine {
    const first = this.#machine.execute(op);
    this.#notePoll(op, first);
    if (repeat === 1 || !first.ok) return answerLine(i, op, first);
    let last: Answer = first;
    for (let count = 1; count < repeat && last.ok; count += 1) last = this.#machine.execute(op);
    if (!last.ok) return answerLine(i, op, last);
    return { i, rc: 0, first_port: portOf(first), last_port: portOf(last) };
  }

  #arrange(op: Op): RecordedLine[] {
    const answer = this.#machine.execute(op);
    return answer.ok ? [] : [answerLine(0, op, answer)];
  }

  #attach(dom: number): Observer | undefined {
    if (this.#machine.domain(dom) === undefined) return undefined;
    const observer = new Observer(this.#machine, dom);
    this.#observers.set(dom, observer);
    observer.changes(0);
    return observer;
  }

  #observe(i: number): ObserveLine[] {
    const lines: ObserveLine[] = [];
    for (const [dom, observer] of this.#observers) {
      const domain = this.#machine.domain(dom);
      if (domain === undefined || domain.dying) {
        this.#observers.delete(dom);
        continue;
      }
      const line = observer.changes(i);
      if (line !== undefined) lines.push(line);
    }
    return lines;
  }

  /** As dom0 asks, but without a hypercall of the machine: an audit leaves no trace in it. */
  #status(dom: number, port: number): Result<PortStatus> {
    return this.#machine.statusAs(0, dom, port);
  }

  #notePoll(op: Op, answer: Answer): void {
    if (op.op !== 'sched_poll' || !answer.ok) return;
    const { blocked } = answer.value as { blocked: boolean };
    if (blocked) this.#polling.add(`${op.caller}/${op.callerVcpu ?? 0}`);
  }

  #join(i: number, caller: number, vcpu: number): AnswerLine {
    const key = `${caller}/${vcpu}`;
    if (!this.#polling.has(key)) return { i, idle: true };
    if (this.#machine.vcpu(caller, vcpu)?.poll !== undefined) return { i, blocked: true };
    this.#polling.delete(key);
    return { i, rc: 0 };
  }
}

const portOf = (answer: Answer): number =>
  answer.ok ? (answer.value as { port: number }).port : 0;

const nobody = (i: number, dom: number): AnswerLine => ({
  i,
  refused: `there is no domain ${dom} to observe`,
});
