import type { DomainView } from '../../core/index.ts';
import type { HttpContext } from './context.ts';
import { NAMES_TOLD_MAX } from './limits.ts';
import { Problem } from './problem.ts';
import type { ServedMachine } from './served.ts';

/** The machine of that name, or the answer that there is none. */
export function findMachine({ machines }: HttpContext, name: string): ServedMachine {
  const found = machines.get(name);
  if (found !== undefined) return found;

  const names = machines.list().map((served) => served.name);
  throw new Problem(
    'no_such_machine',
    `there is no machine "${name}": there is ${enumerate(names)}`,
  );
}

export function findDomain({ name, machine }: ServedMachine, dom: number): DomainView {
  const found = machine.domain(dom);
  if (found !== undefined) return found;

  const doms = machine.domains().map((domain) => domain.dom);
  throw new Problem(
    'no_such_domain',
    `machine "${name}" has no domain ${dom}: it has ${enumerate(doms)}`,
  );
}

function enumerate(names: readonly (string | number)[]): string {
  if (names.length === 0) return 'none';
  const told = names.slice(0, NAMES_TOLD_MAX).join(', ');
  return names.length > NAMES_TOLD_MAX ? `${told} and ${names.length - NAMES_TOLD_MAX} more` : told;
}
