// What a hypercall costs in process, with the journal and the effects written.

import { ask } from './child.ts';
import type { CoreCase } from './core-cases.ts';
import { print } from './measure.ts';

/**
 * Each figure is the least of so many processes: neighbours on the machine, and what the compiler
 * happened to inline, only ever add to it. Each process tells the median of its own rounds.
 */
const PROCESSES = 3;

const WHATS: Readonly<Record<CoreCase, { readonly what: string; readonly most: number }>> = {
  sends2l: { what: 'send to upcall, 2-level', most: 100 },
  sendsFifo: { what: 'send to upcall, FIFO', most: 250 },
  sendsToHandler: { what: 'send to handler, through a guest kernel', most: 1500 },
  bindAndClose: { what: 'bind_ipi or close', most: 500 },
};

const CASES = (Object.keys(WHATS) as CoreCase[]).flatMap((kind) =>
  ['10', '1000', '100000'].map((ports) => ({ kind, ports, times: [] as number[] })),
);

const file = new URL('./core-case.ts', import.meta.url);
for (let round = 0; round < PROCESSES; round += 1) {
  for (const { kind, ports, times } of CASES) times.push(await ask<number>(file, [kind, ports]));
}
print(
  'Hypercalls in process',
  CASES.map(({ kind, ports, times }) => ({
    what: `${WHATS[kind].what}, ${Number(ports).toLocaleString('en')} bound ports`,
    value: Math.min(...times),
    unit: 'ns',
    target: { most: WHATS[kind].most },
  })),
);
