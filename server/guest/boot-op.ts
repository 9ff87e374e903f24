import { DOMID_XEN, KNOB_NAMES, KNOB_VALUES } from '../../core/index.ts';
import type { OpOf } from '../../core/index.ts';
import type { GuestConfig, Knob } from '../../proto/gen/evtchnd/v1/guest.ts';
import { refused } from '../rpc/failure.ts';
import { variantIndex } from './guest-messages.ts';

/** Ports of the 2-level ABI with 64-bit words. */
const NR_MAX = 4096;
const KNOBS_MAX = 64;
/** In place of how many ports to open first: no xenstore. */
const NO_STORE = -1;
/** More than the 2-level ABI has would make a domain that is full before its kernel boots. */
const PRECREATE_MAX = 4096;

/** The op that boots a kernel as `config` says. Throws what is refused: a knob that is none. */
export function bootGuestOp(
  dom: number,
  caller: number = DOMID_XEN,
  config?: GuestConfig,
): OpOf<'boot_guest'> {
  const { variant = 0, knobs = [], nr = 0, noStore = false, precreate = 0 } = config ?? {};
  if (nr > NR_MAX) throw refused('BAD_ARGUMENT', `nr is ${nr}, not from 0 to ${NR_MAX}`);
  return {
    op: 'boot_guest',
    caller,
    dom,
    variant: variantIndex(variant),
    nr,
    precreate: noStore ? NO_STORE : checkPrecreate(precreate),
    rereadsStore: config?.rereadsStore === true ? 1 : 0,
    settings: settingsOf(knobs),
  };
}

export function checkPrecreate(precreate: number): number {
  if (precreate <= PRECREATE_MAX) return precreate;
  throw refused('BAD_ARGUMENT', `precreate is ${precreate}, not from 0 to ${PRECREATE_MAX}`);
}

/** Knobs by name as the core's pairs of places. */
function settingsOf(knobs: readonly Knob[]): number[] {
  if (knobs.length > KNOBS_MAX) throw refused('BAD_ARGUMENT', `more than ${KNOBS_MAX} knobs`);
  return knobs.flatMap(({ name, value }) => {
    const knob = KNOB_NAMES.findIndex((known) => known === name);
    if (knob < 0) {
      throw refused('BAD_ARGUMENT', `there is no knob "${name}": ${KNOB_NAMES.join(', ')}`);
    }
    const values = KNOB_VALUES[KNOB_NAMES[knob]!].map(String);
    const place = values.indexOf(value);
    if (place >= 0) return [knob, place];
    throw refused('BAD_ARGUMENT', `${name} has no value "${value}": ${values.join(', ')}`);
  });
}
