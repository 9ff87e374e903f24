import { KNOB_NAMES, KNOB_VALUES, VARIANT_NAMES } from '../guest/knobs.ts';
import type { Refusal } from './answer.ts';
import { INJECTIONS } from './guests.ts';
import { HANDLES_MAX } from './kernel.ts';
import type { Kernel } from './kernel.ts';
import type { Op } from './op.ts';
import { refuse } from './refuse.ts';
import { SUSPEND_MODES } from './suspend.ts';

/** Threads of one kernel that a schedule can hold at once. */
const THREADS_MAX = 64;

/** Why the toolstack's op says nothing that there is: a variant, a knob, a mode. */
export function badSetting(op: Op): Refusal | undefined {
  switch (op.op) {
    case 'boot_guest':
      return badBoot(op.variant, op.settings);
    case 'suspend_begin':
    case 'suspend_finish':
      if (SUSPEND_MODES[op.mode] !== undefined) return undefined;
      return refuse('bad_argument', `mode ${op.mode} is none of ${numbered(SUSPEND_MODES)}`);
    default:
      return undefined;
  }
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
  if ('handle' in op && op.handle >= HANDLES_MAX) {
    return refuse('bad_argument', `handle ${op.handle} is not below ${HANDLES_MAX}`);
  }
  if (op.op === 'inject_failure') {
    if (INJECTIONS[op.what] !== undefined) return undefined;
    return refuse('bad_argument', `what ${op.what} is none of ${numbered(INJECTIONS)}`);
  }
  return 'thread' in op ? wrongThread(kernel, op) : undefined;
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
