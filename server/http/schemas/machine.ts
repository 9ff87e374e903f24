import { Type, type Static } from 'typebox';
import { XEN_VERSIONS } from '../../../core/index.ts';
import { component } from './common.ts';
import type { ServedMachine } from '../served.ts';

export type MachineJson = Static<typeof Machine.ref>;

export const Machine = component(
  'Machine',
  'One virtual Xen host.',
  {
    name: Type.String(),
    created_at: Type.String({ format: 'date-time' }),
    xen: Type.String({
      enum: [...XEN_VERSIONS],
      description: 'Version of Xen whose answers it gives.',
    }),
    seed: Type.Integer(),
    check_invariants: Type.Boolean({ description: 'Whether every op is followed by a check.' }),
    ops: Type.Integer({ description: 'Ops executed so far.' }),
    now_ns: Type.Integer({ description: 'The virtual clock, in nanoseconds.' }),
    domains: Type.Integer(),
    effects: Type.Object(
      { first_sequence: Type.Integer(), last_sequence: Type.Integer() },
      { description: 'Effects that can still be read; none if first is greater than last.' },
    ),
    journal_complete: Type.Boolean({
      description: 'Whether the journal reaches back to the creation.',
    }),
    retired: Type.Optional(
      Type.Object(
        { message: Type.String(), op: Type.Integer() },
        {
          description:
            'An assertion of ours that failed, and in which op: it executes nothing more.',
        },
      ),
    ),
  },
  {
    name: 'default',
    created_at: '2026-08-24T09:00:00.000Z',
    xen: '4.22',
    seed: 1,
    check_invariants: false,
    ops: 12,
    now_ns: 0,
    domains: 3,
    effects: { first_sequence: 1, last_sequence: 17 },
    journal_complete: true,
  },
);

export function machineJson({ name, createdAt, machine }: ServedMachine): MachineJson {
  const { config, outbox, retired } = machine;
  return {
    name,
    created_at: createdAt.toISOString(),
    xen: config.xen,
    seed: config.seed,
    check_invariants: config.checkInvariants,
    ops: machine.opCount,
    now_ns: machine.nowNs,
    domains: machine.domains().length,
    effects: { first_sequence: outbox.firstSequence, last_sequence: outbox.lastSequence },
    journal_complete: machine.journalComplete,
    ...(retired === undefined ? {} : { retired: { message: retired.message, op: retired.op } }),
  };
}
