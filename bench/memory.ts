// What a million bound ports cost the process, over a machine that has none.

import { Machine } from '../core/index.ts';
import { addDomain } from './core-cases.ts';
import { print } from './measure.ts';

const PORTS = 1_000_000;
const PORTS_A_DOMAIN = 125_000;
const MIB = 1024 * 1024;

const machine = Machine.create({ limits: { effects: 4096 } });
const before = residentMiB();
for (let dom = 1; dom <= PORTS / PORTS_A_DOMAIN; dom += 1) {
  addDomain(machine, dom, Math.ceil(PORTS_A_DOMAIN / 1024) + 1);
  for (let port = 0; port < PORTS_A_DOMAIN; port += 1) {
    machine.execute({ op: 'bind_ipi', caller: dom, vcpu: 0 });
  }
}
const grown = residentMiB() - before;
const bound = machine.activePorts;
if (bound !== PORTS) throw new Error(`${bound} ports are bound, not ${PORTS}`);
print('Memory', [
  {
    what: 'process memory of 1,000,000 bound ports',
    value: grown,
    unit: 'MiB',
    target: { most: 256 },
  },
]);

/** What the system has given to this process, garbage that was not collected yet included. */
function residentMiB(): number {
  return process.memoryUsage.rss() / MIB;
}
