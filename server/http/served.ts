import type { HostedMachine } from '../machines.ts';

/** A machine as inspection sees it: HTTP only looks. */
export type ServedMachine = Pick<
  HostedMachine,
  'name' | 'createdAt' | 'machine' | 'onEffects' | 'onEnd'
>;

export interface ServedMachines {
  list(): readonly ServedMachine[];
  get(name: string): ServedMachine | undefined;
}
