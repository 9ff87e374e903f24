import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ScenarioError, parseScenario } from '../../../core/index.ts';
import type { Scenario } from '../../../core/index.ts';
import { CommandFailure } from '../failure.ts';

const LIBRARY = fileURLToPath(new URL('../../../core/scenario/library/', import.meta.url));

/** The scenarios that come with evtchnd, in the order of their numbers. */
export const readLibrary = (): Scenario[] =>
  readdirSync(LIBRARY)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => readScenario(LIBRARY + name));

/** A scenario of the library. */
export function findScenario(name: string): Scenario {
  const known = readLibrary();
  const found = known.find((scenario) => scenario.name.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const names = known.map((scenario) => scenario.name).join(', ');
  throw new CommandFailure(`there is no scenario ${name}: there are ${names}, and --file`);
}

/** A scenario of somebody's own. */
export function readScenario(file: string): Scenario {
  try {
    return parseScenario(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ScenarioError) throw new CommandFailure(error.message);
    throw error;
  }
}
