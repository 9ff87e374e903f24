import type { Machine } from '../../core/index.ts';
import { MACHINE_NAME } from '../config.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';

/** Throws unless a machine of this name could be added. */
export function requireFreeName(context: RpcContext, name: string): void {
  if (!MACHINE_NAME.test(name)) {
    const rule = '1 to 64 letters, digits, ".", "_", "-", the first a letter or digit';
    throw refused('BAD_ARGUMENT', `${JSON.stringify(name.slice(0, 80))} is no name: use ${rule}`);
  }
  const { registry } = context;
  switch (registry.refusalOf(name)) {
    case 'exists':
      throw refused('MACHINE_EXISTS', `there is a machine "${name}": take another name`);
    case 'full':
      throw refused('LIMIT', `there are ${registry.machinesMax} machines already: delete one`);
    case undefined:
  }
}

/** Adds a machine under a name that was free when it was asked for, if it still is. */
export function addMachine(context: RpcContext, name: string, machine: Machine): HostedMachine {
  requireFreeName(context, name);
  return context.registry.add(name, machine);
}
