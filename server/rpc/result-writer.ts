import { ERRNO } from '../../core/index.ts';
import type { Answer, OpName, OutputOf, Refusal } from '../../core/index.ts';
import { OpResult, RefusalReason } from '../../proto/gen/evtchnd/v1/op.ts';
import { adviceFor } from './failure.ts';
import { portStatusMessage } from './views.ts';
import type { WireWriter } from './wire-writer.ts';

/** `rc` of a refused op: no errno, and negative for those who look no further. */
const REFUSED_RC = -0x8000_0000;

/** Field of OpResult, and the output of the core that goes there, where it is one number. */
const OUTPUTS: Partial<Record<OpName, { readonly field: number; readonly name: string }>> = {
  alloc_unbound: { field: 3, name: 'port' },
  bind_virq: { field: 3, name: 'port' },
  bind_pirq: { field: 3, name: 'port' },
  bind_ipi: { field: 3, name: 'port' },
  bind_interdomain: { field: 4, name: 'localPort' },
  init_control: { field: 6, name: 'linkBits' },
  sched_poll: { field: 7, name: 'blocked' },
  m_ready: { field: 8, name: 'old' },
  m_head: { field: 8, name: 'old' },
  w_or: { field: 8, name: 'old' },
  w_and: { field: 8, name: 'old' },
  fifo_pop: { field: 8, name: 'old' },
  create_domain: { field: 10, name: 'dom' },
  map_pirq: { field: 11, name: 'pirq' },
};

const RC_TAG = 8;

/** Writes `answer` as a message OpResult, in a field of its own with tag `tag` (below 128). */
export function writeResult(writer: WireWriter, tag: number, name: OpName, answer: Answer): void {
  if (answer.ok) writeSuccess(writer, tag, name, answer.value);
  else if ('errno' in answer) {
    // rc is a sint32: -n goes as 2n - 1.
    const zigzag = 2 * ERRNO[answer.errno] - 1;
    writer.pair(tag, 1 + varintBytes(zigzag));
    writer.uint32(RC_TAG);
    writer.uint32(zigzag);
  } else writeMessage(writer, tag, refusedResult(answer));
}

function writeSuccess(writer: WireWriter, tag: number, name: OpName, value: unknown): void {
  if (value === undefined) return writer.pair(tag, 0);
  const output = OUTPUTS[name];
  if (output === undefined)
    return writeMessage(writer, tag, { rc: 0, refusal: undefined, out: wideOutput(name, value) });
  const number = Number((value as Record<string, number | boolean>)[output.name]);
  writer.pair(tag, 1 + varintBytes(number));
  writer.uint32(output.field << 3);
  writer.uint32(number);
}

function wideOutput(name: OpName, value: unknown): OpResult['out'] {
  if (name === 'status') {
    const status = portStatusMessage(value as OutputOf<'status'>);
    return { $case: 'status', value: status };
  }
  if (name === 'mem_atomic') {
    const { oldLo, oldHi } = value as OutputOf<'mem_atomic'>;
    return { $case: 'oldWord', value: { lo: oldLo, hi: oldHi } };
  }
  return undefined;
}

const refusedResult = (refusal: Refusal): OpResult => ({
  rc: REFUSED_RC,
  refusal: { reason: REFUSAL_REASON[refusal.refused], message: adviceFor(refusal) },
  out: undefined,
});

const REFUSAL_REASON = {
  no_caller: RefusalReason.NO_CALLER,
  cannot_run: RefusalReason.CANNOT_RUN,
  bad_argument: RefusalReason.BAD_ARGUMENT,
  limit: RefusalReason.LIMIT,
  retired: RefusalReason.RETIRED,
} as const;

function writeMessage(writer: WireWriter, tag: number, result: OpResult): void {
  const bytes = OpResult.encode(result).finish();
  writer.uint32(tag);
  writer.uint32(bytes.length);
  writer.bytes(bytes);
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest /= 128) bytes += 1;
  return bytes;
}
