import { Machine } from '../core/index.ts';
import { addDomain } from './core.ts';
import type { Figure } from './measure.ts';

const PORTS = 1_000_000;
const PORTS_A_DOMAIN = 125_000;
const MIB = 1024 * 1024;

/** What a million bound ports cost the process, over a machine that has none. */
export function memoryFigures(): Figure[] {
  const machine = Machine.create({ limits: { effects: 4096 } });
  const before = residentMiB();
  for (let dom = 1; dom <= PORTS / PORTS_A_DOMAIN; dom += 1) {
    addDomain(machine, dom, Math.ceil(PORTS_A_DOMAIN / 1024) + 1);
    for (let port = 0; port < PORTS_A_DOMAIN; port += 1) {
      machine.execute({ op: 'bind_ipi', caller: dom, vcpu: 0 });
    }
  }
  const grown = residentMiB() - before;
  const bound = machine.domains().reduce((sum, { activePorts }) => sum + activePorts, 0);
  if (bound !== PORTS) throw new Error(`${bound} ports are bound, not ${PORTS}`);
  const what = 'process memory of 1,000,000 bound ports';
  return [{ what, value: grown, unit: 'MiB', target: { most: 256 } }];
}

function residentMiB(): number {
  globalThis.gc?.();
  return process.memoryUsage().rss / MIB;
}
