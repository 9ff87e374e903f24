import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { parseScenario } from '../../core/index.ts';
import type { Scenario } from '../../core/index.ts';

const FOLDER = fileURLToPath(new URL('../../core/scenario/library/', import.meta.url));

/** The scenarios that come with evtchnd, in the order of their numbers. */
export const readLibrary = (): Scenario[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => parseScenario(readFileSync(FOLDER + file, 'utf8'), file));
