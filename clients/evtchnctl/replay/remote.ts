import { TraceError, compare, parseTrace, planReplay } from '../../../core/index.ts';
import type { Difference, PlannedStep, RecordedLine } from '../../../core/index.ts';
import { RefusedError } from '../../typescript/index.ts';
import type { Client, RecordStep, Recording } from '../../typescript/index.ts';
import type { Judged } from './judged.ts';
import { opMessage } from './op-message.ts';

/** Steps in a message, and ops that these may stand for: well below the service's limits. */
const BATCH_STEPS_MAX = 512;
const BATCH_OPS_MAX = 65_536;

/**
 * Replays a trace through the service, on a machine that lives as long as the stream: it goes with
 * this process, however that ends. What comes back is judged here.
 */
export async function replayRemote(client: Client, text: string, name: string): Promise<Judged> {
  const { xen, steps, ops } = planReplay(parseTrace(text, name));
  const recording = client.record({ scratch: { xen } });
  try {
    const differences = await drive(recording, steps, name);
    await recording.end();
    return { trace: name, ops, differences };
  } catch (error) {
    recording.cancel();
    // Not a difference: the service did not take what real Xen had taken.
    if (error instanceof RefusedError) throw new TraceError(`${name}: ${error.message}`);
    throw error;
  }
}

async function drive(
  recording: Recording,
  steps: readonly PlannedStep[],
  name: string,
): Promise<Difference[]> {
  const judged: Promise<Difference[]>[] = [];
  for (const batch of batches(steps)) {
    const answer = recording.steps(batch.map(({ step }) => recordStep(step)));
    judged.push(answer.then((lines) => judge(name, batch, lines)));
    // A failure is thrown below, from the batch that it came to.
    if (!(await hasRoom(recording))) break;
  }
  return (await Promise.all(judged)).flat();
}

const hasRoom = (recording: Recording): Promise<boolean> =>
  recording.ready().then(
    () => true,
    () => false,
  );

/** Groups of steps that one message carries; a step that is repeated counts as often. */
function* batches(steps: readonly PlannedStep[]): Generator<readonly PlannedStep[]> {
  let first = 0;
  let ops = 0;
  for (const [index, { step }] of steps.entries()) {
    const repeat = step.kind === 'op' ? (step.repeat ?? 1) : 1;
    if (index > first && (index - first >= BATCH_STEPS_MAX || ops + repeat > BATCH_OPS_MAX)) {
      yield steps.slice(first, index);
      first = index;
      ops = 0;
    }
    ops += repeat;
  }
  if (first < steps.length) yield steps.slice(first);
}

function recordStep(step: PlannedStep['step']): RecordStep {
  switch (step.kind) {
    case 'op':
      return { ...step, op: opMessage(step.op) };
    case 'arrange':
      return { kind: 'arrange', op: opMessage(step.op) };
    default:
      return step;
  }
}

function judge(
  name: string,
  batch: readonly PlannedStep[],
  lines: readonly string[],
): Difference[] {
  if (lines.length !== batch.length) {
    throw new TraceError(`${name}: ${lines.length} answers came to ${batch.length} steps`);
  }
  const differences: Difference[] = [];
  for (const [index, planned] of batch.entries()) {
    const found = compare(name, planned, recordedLines(lines[index]!));
    if (found.length > 0) differences.push(...found);
  }
  return differences;
}

const recordedLines = (text: string): RecordedLine[] =>
  text === '' ? [] : text.split('\n').map((line) => JSON.parse(line) as RecordedLine);
