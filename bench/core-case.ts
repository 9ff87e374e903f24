// One figure of core.ts, in a process of its own: KIND PORTS. Tells the ns that one op takes.

import { tell } from './child.ts';
import { CORE_CASES } from './core-cases.ts';
import type { CoreCase } from './core-cases.ts';

const [kind, ports] = process.argv.slice(2) as [CoreCase, string];
tell(CORE_CASES[kind](Number(ports)));
