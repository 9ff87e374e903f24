import { ERRNO } from '../public/errno.ts';
import { EVTCHN_FIFO_NR_CHANNELS } from '../public/limits.ts';
import { KNOB_NAMES, KNOB_VALUES, VARIANT_NAMES } from '../guest/knobs.ts';
import type { Refusal } from './answer.ts';
import { INJECTIONS } from './guests.ts';
import { HANDLES_MAX } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import type { Op, OpOf } from './op.ts';
import { refuse } from './refuse.ts';
import { SUSPEND_MODES } from './suspend.ts';

/** Threads of one kernel that a schedule can hold at once. */
const THREADS_MAX = 64;

/** Why the toolstack's op says nothing that there is: a variant, a knob, a mode. */
export function badSetting(op: Op): Refusal | undefined {
  switch (op.op) {
    case 'boot_guest':
      return badBoot(op.variant, op.settings) ?? badNumber('nr', op.nr, 0) ?? badPrecreate(op, -1);
    case 'suspend_begin':
      return badMode(op.mode);
    case 'suspend_finish':
      return badMode(op.mode) ?? badPrecreate(op, 0);
    default:
      return undefined;
  }
}

function badMode(mode: number): Refusal | undefined {
  if (SUSPEND_MODES[mode] !== undefined) return undefined;
  return refuse('bad_argument', `mode ${mode} is none of ${numbered(SUSPEND_MODES)}`);
}

const badPrecreate = (op: { readonly precreate: number }, least: number): Refusal | undefined =>
  badNumber('precreate', op.precreate, least);

/** Numbers of ports: no domain has more than the FIFO ABI can number. */
function badNumber(name: string, value: number, least: number): Refusal | undefined {
  if (value >= least && value <= EVTCHN_FIFO_NR_CHANNELS) return undefined;
  return refuse(
    'bad_argument',
    `${name} is ${value}, not from ${least} to ${EVTCHN_FIFO_NR_CHANNELS}`,
  );
}

function badBoot(variant: number, settings: readonly number[]): Refusal | undefined {
  if (VARIANT_NAMES[variant] === undefined) {
    return refuse('bad_argument', `variant ${variant} is none of ${numbered(VARIANT_NAMES)}`);
  }
  for (let at = 0; at < settings.length; at += 2) {
    const name = KNOB_NAMES[settings[at]!];
    if (name === undefined) {
      return refuse('bad_argument', `knob ${settings[at]} is none of ${numbered(KNOB_NAMES)}`);
    }
    const values: readonly unknown[] = KNOB_VALUES[name];
    if (values[settings[at + 1]!] !== undefined) continue;
    const known = numbered(values.map(String));
    return refuse('bad_argument', `${name} has no value ${settings[at + 1]}: ${known}`);
  }
  return undefined;
}

/** Why a kernel cannot be called into now. */
export function cannotEnter(kernel: Kernel | undefined, op: Op): Refusal | undefined {
  if (kernel === undefined) {
    return refuse('no_caller', `domain ${op.caller} has no kernel: boot_guest gives it one`);
  }
  if (kernel.dead !== undefined) {
    const fault = JSON.stringify(kernel.dead);
    return refuse('cannot_run', `the guest of domain ${op.caller} has ended: ${fault}`);
  }
  if (op.op === 'inject_failure') return badInjection(op);
  const refusal = ('handle' in op ? badHandle(kernel, op.handle) : undefined) ?? badCpu(kernel, op);
  return refusal ?? ('thread' in op ? wrongThread(kernel, op) : undefined);
}

function badInjection({ what, value }: OpOf<'inject_failure'>): Refusal | undefined {
  const name = INJECTIONS[what];
  if (name === undefined) {
    return refuse('bad_argument', `what ${what} is none of ${numbered(INJECTIONS)}`);
  }
  const errnos: readonly number[] = Object.values(ERRNO);
  if (name === 'foreign_vector' || value === 0 || errnos.includes(value)) return undefined;
  return refuse('bad_argument', `value ${value} is no errno of Xen's: ${errnos.join(', ')}`);
}

function badHandle(kernel: Kernel, handle: number): Refusal | undefined {
  if (handle < 0 || handle >= HANDLES_MAX) {
    return refuse('bad_argument', `handle ${handle} is not from 0 to ${HANDLES_MAX - 1}`);
  }
  if (handle > 0 || kernel.hasFreeHandle) return undefined;
  return refuse('limit', `all ${HANDLES_MAX} handles are in use: unbind some`);
}

/** Binds ask Xen whether there is such a vCPU. The others are only for CPUs that the guest has. */
function badCpu(kernel: Kernel, op: Op): Refusal | undefined {
  if (op.op !== 'intr_assign_cpu' && op.op !== 'intr_upcall') return undefined;
  const cpus = kernel.domain.vcpus.length;
  if (op.cpu >= 0 && op.cpu < cpus) return undefined;
  return refuse('bad_argument', `cpu ${op.cpu} is not from 0 to ${cpus - 1}`);
}

/** While threads run, every call is one; a thread runs once. */
function wrongThread(kernel: Kernel, op: Op & { thread: number }): Refusal | undefined {
  const { threads } = kernel;
  if (op.op === 'thread_run') {
    if (threads.has(op.thread)) return undefined;
    return refuse('bad_argument', `there is no thread ${op.thread}: it has ended, or never began`);
  }
  if (op.thread === 0) {
    if (threads.size === 0) return undefined;
    const names = [...threads.keys()].join(', ');
    return refuse('cannot_run', `threads run (${names}): end them, or give this call a thread`);
  }
  if (threads.has(op.thread)) {
    return refuse('bad_argument', `thread ${op.thread} runs already: choose another number`);
  }
  if (threads.size < THREADS_MAX) return undefined;
  return refuse('limit', `${THREADS_MAX} threads run already`);
}

const numbered = (names: readonly string[]): string =>
  names.map((name, index) => `${index} (${name})`).join(', ');
