import {
  KNOB_NAMES,
  KNOB_VALUES,
  SHARED_INFO_LAYOUT,
  ScenarioError,
  VARIANT_NAMES,
  parseScenario,
} from '../../core/index.ts';
import type { Choice, Scenario } from '../../core/index.ts';
import type { Knob } from '../../proto/gen/evtchnd/v1/guest.ts';
import type { RunScenarioRequest } from '../../proto/gen/evtchnd/v1/scenario_service.ts';
import { SCENARIO_BYTES_MAX } from '../config.ts';
import { variantIndex } from '../guest/guest-messages.ts';
import { refused } from './failure.ts';

const KNOBS_MAX = 64;
/** What the messages about somebody's own scenario call its file. */
const OWN = 'scenario_json';

/** The scenario that a request means: one of the library, or its own. */
export function scenarioOf(
  library: readonly Scenario[],
  { scenario }: Pick<RunScenarioRequest, 'scenario'>,
): Scenario {
  switch (scenario?.$case) {
    case 'name':
      return findScenario(library, scenario.value);
    case 'scenarioJson':
      return readOwn(scenario.value);
    case undefined:
      throw refused('BAD_ARGUMENT', `give a name (ListScenarios has them) or ${OWN}`);
  }
}

function findScenario(library: readonly Scenario[], name: string): Scenario {
  const found = library.find((known) => known.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = library.map((known) => known.name).join(', ');
  throw refused('NO_SCENARIO', `there is no scenario ${quoted(name)}: ${names}, or ${OWN}`);
}

function readOwn(text: string): Scenario {
  const bytes = Buffer.byteLength(text);
  if (bytes > SCENARIO_BYTES_MAX) {
    throw refused('LIMIT', `${OWN} has ${bytes} bytes, more than ${SCENARIO_BYTES_MAX}`);
  }
  try {
    return parseScenario(text, OWN);
  } catch (error) {
    if (error instanceof ScenarioError) throw refused('BAD_SCENARIO', error.message);
    throw error;
  }
}

/** A kernel boots with no more ports than its ABI has; the parser cannot know which that will be. */
export function requireBootable({ domains }: Scenario, { set }: Choice): void {
  if (set['abi'] === 'fifo') return;
  for (const [index, { kernel, guest, nr }] of domains.entries()) {
    const most = SHARED_INFO_LAYOUT[guest].wordBits ** 2;
    if (!kernel || nr <= most) continue;
    const what = `a kernel of ${guest} boots with up to ${most}, not ${nr}`;
    throw refused('BAD_SCENARIO', `${OWN}: domains[${index}].nr: ${what}`);
  }
}

/** The layer that a request wants its kernels to have. */
export function choiceOf({
  variant,
  knobs,
}: Pick<RunScenarioRequest, 'variant' | 'knobs'>): Choice {
  const name = VARIANT_NAMES[variantIndex(variant)];
  if (name === undefined) {
    const known = VARIANT_NAMES.map((text, index) => `${index + 1} (${text})`).join(', ');
    throw refused('BAD_ARGUMENT', `variant ${variant} is no GuestVariant: ${known}`);
  }
  return { variant: name, set: settingsOf(knobs) };
}

function settingsOf(knobs: readonly Knob[]): Choice['set'] {
  if (knobs.length > KNOBS_MAX) throw refused('BAD_ARGUMENT', `more than ${KNOBS_MAX} knobs`);
  const set = new Map<string, string | boolean>();
  for (const { name, value } of knobs) {
    if (set.has(name)) throw refused('BAD_ARGUMENT', `knob ${quoted(name)} is there twice`);
    set.set(name, knobValue(name, value));
  }
  return Object.fromEntries(set);
}

function knobValue(name: string, value: string): string | boolean {
  const knob = KNOB_NAMES.find((known) => known === name);
  if (knob === undefined) {
    throw refused('BAD_ARGUMENT', `there is no knob ${quoted(name)}: ${KNOB_NAMES.join(', ')}`);
  }
  const values: readonly (string | boolean)[] = KNOB_VALUES[knob];
  const found = values.find((known) => String(known) === value);
  if (found !== undefined) return found;
  throw refused('BAD_ARGUMENT', `${name} has no value ${quoted(value)}: ${values.join(', ')}`);
}

/** What a client sent, short enough for a message. */
const quoted = (text: string): string => JSON.stringify(text.slice(0, 80));
