import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseScenario, runScenario } from '../../../core/index.ts';
import type { Choice, Scenario, ScenarioResult } from '../../../core/index.ts';

const LIBRARY = fileURLToPath(new URL('../../../core/scenario/library/', import.meta.url));

/** Every scenario that comes with the repository. */
export const library: readonly Scenario[] = readdirSync(LIBRARY)
  .filter((name) => name.endsWith('.json'))
  .sort()
  .map((name) => parseScenario(readFileSync(LIBRARY + name, 'utf8'), name));

export function scenario(name: string): Scenario {
  const found = library.find((known) => known.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

export const play = (
  of: Scenario,
  variant: Choice['variant'] = 'review-ideal',
  set: Choice['set'] = {},
): ScenarioResult => runScenario(of, { variant, set });
