import { KNOB_NAMES, KNOB_VALUES } from '../guest/knobs.ts';

/** Knobs by name, as boot_guest wants them: place of the knob, place of its value, and so on. */
export function settingNumbers(set: Readonly<Record<string, unknown>>): number[] {
  return KNOB_NAMES.flatMap((name, place) => {
    if (set[name] === undefined) return [];
    return [place, (KNOB_VALUES[name] as readonly unknown[]).indexOf(set[name])];
  });
}
