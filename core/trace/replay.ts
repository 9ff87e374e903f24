import { Machine } from '../machine/machine.ts';
import { compare } from './compare.ts';
import type { Difference } from './compare.ts';
import type { Trace } from './lines.ts';
import { planReplay } from './plan.ts';
import { Recorder } from './recorder.ts';

export interface ReplayReport {
  readonly trace: string;
  readonly ops: number;
  readonly differences: readonly Difference[];
}

/** Replays a trace on a new machine, here. */
export function replayTrace(trace: Trace): ReplayReport {
  const plan = planReplay(trace);
  const recorder = new Recorder(Machine.create({ xen: plan.xen }));
  const differences: Difference[] = [];
  for (const planned of plan.steps) {
    differences.push(...compare(trace.name, planned, recorder.step(planned.step)));
  }
  return { trace: trace.name, ops: plan.ops, differences };
}
