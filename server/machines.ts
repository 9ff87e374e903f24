import type { Answer, Machine, Op, OpName, OpOf } from '../core/index.ts';
import { errnoOf } from '../core/index.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Why a machine's streams are ended from our side. */
export type EndReason = 'deleted' | 'draining';

/** A machine of this process, and who listens to it. */
export class HostedMachine {
  readonly name: string;
  readonly machine: Machine;
  readonly createdAt = new Date();
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #effectListeners = new Set<() => void>();
  readonly #endListeners = new Set<(reason: EndReason) => void>();
  /** The last effect that is counted. */
  #lastCounted: number;
  #wakePlanned = false;
  #retirementLogged = false;

  constructor(name: string, machine: Machine, metrics: Metrics, log: Logger) {
    this.name = name;
    this.machine = machine;
    this.#metrics = metrics;
    this.#log = log.child({ machine: name });
    this.#lastCounted = machine.outbox.lastSequence;
  }

  /** Executes the op, counts it, and wakes those who wait for effects once this turn is over. */
  execute<Name extends OpName>(op: OpOf<Name>): Answer<Name>;
  execute(op: Op): Answer;
  execute(op: Op): Answer {
    const answer = this.machine.execute(op);
    this.#metrics.hypercall(op.op, answer.ok ? 'OK' : (errnoOf(answer) ?? 'refused'));
    this.settle();
    return answer;
  }

  /** Executes the ops in order, and tells each answer. An absent op is answered by `missing`. */
  executeAll(
    ops: readonly (Op | undefined)[],
    missing: Answer,
    told: (op: OpName, answer: Answer) => void,
  ): void {
    for (const op of ops) {
      if (op === undefined) {
        told('send', missing);
        continue;
      }
      const answer = this.machine.execute(op);
      this.#metrics.hypercall(op.op, answer.ok ? 'OK' : (errnoOf(answer) ?? 'refused'));
      told(op.op, answer);
    }
    this.settle();
  }

  /** What `execute` does afterwards: for those who drive the machine itself, as recorders do. */
  settle(): void {
    const { lastSequence } = this.machine.outbox;
    if (lastSequence !== this.#lastCounted) {
      this.#metrics.effects(lastSequence - this.#lastCounted);
      this.#lastCounted = lastSequence;
      if (!this.#wakePlanned && this.#effectListeners.size > 0) this.#planWake();
    }
    if (this.machine.retired !== undefined && !this.#retirementLogged) this.#logRetirement();
  }

  /** Calls `listener`, at most once a turn, after new effects. Answers how to stop that. */
  onEffects(listener: () => void): () => void {
    this.#effectListeners.add(listener);
    return () => this.#effectListeners.delete(listener);
  }

  /** Calls `listener` when all streams must end. Answers how to stop that. */
  onEnd(listener: (reason: EndReason) => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  endStreams(reason: EndReason): void {
    for (const listener of [...this.#endListeners]) listener(reason);
  }

  /** In a later turn, so that a batch, and all that has arrived with it, wakes a reader once. */
  #planWake(): void {
    this.#wakePlanned = true;
    setImmediate(() => {
      this.#wakePlanned = false;
      for (const listener of [...this.#effectListeners]) listener();
    });
  }

  #logRetirement(): void {
    this.#retirementLogged = true;
    this.#log.error({ retired: this.machine.retired }, 'machine retired: an assertion failed');
  }
}

/** The machines of this process, by name. */
export class MachineRegistry {
  readonly #hosted = new Map<string, HostedMachine>();
  readonly #drainListeners = new Set<() => void>();
  readonly #machinesMax: number;
  readonly #metrics: Metrics;
  readonly #log: Logger;

  constructor(machinesMax: number, metrics: Metrics, log: Logger) {
    this.#machinesMax = machinesMax;
    this.#metrics = metrics;
    this.#log = log;
  }

  list(): HostedMachine[] {
    return [...this.#hosted.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  get(name: string): HostedMachine | undefined {
    return this.#hosted.get(name);
  }

  /** Whether a machine could be added now, and if not, why. */
  refusalOf(name: string): 'exists' | 'full' | undefined {
    if (this.#hosted.has(name)) return 'exists';
    return this.#hosted.size >= this.#machinesMax ? 'full' : undefined;
  }

  get machinesMax(): number {
    return this.#machinesMax;
  }

  /** Whoever calls has asked refusalOf. */
  add(name: string, machine: Machine): HostedMachine {
    const hosted = new HostedMachine(name, machine, this.#metrics, this.#log);
    this.#hosted.set(name, hosted);
    return hosted;
  }

  /** Forgets the machine and ends its streams. Answers whether there was one. */
  delete(name: string): boolean {
    const hosted = this.#hosted.get(name);
    if (hosted === undefined) return false;
    this.#hosted.delete(name);
    hosted.endStreams('deleted');
    return true;
  }

  /** Calls `listener` when the server drains. Answers how to stop that. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener);
    return () => this.#drainListeners.delete(listener);
  }

  /** Ends the streams of all machines, and those of no machine. */
  drain(): void {
    for (const hosted of this.#hosted.values()) hosted.endStreams('draining');
    for (const listener of [...this.#drainListeners]) listener();
  }
}
