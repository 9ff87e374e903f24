import { Type } from 'typebox';
import { EFFECT_KINDS } from '../../../core/index.ts';
import { component } from './common.ts';

/** Effects have the same members inside and outside. */
export const Effect = component(
  'Effect',
  'Something that came of an op besides its answer.',
  {
    sequence: Type.Integer({ description: 'Counts the effects of the machine from 1.' }),
    op: Type.Integer({ description: 'Number of the op it came of.' }),
    kind: Type.String({ enum: [...EFFECT_KINDS] }),
    dom: Type.Integer(),
    vcpu: Type.Integer(),
    port: Type.Integer(),
    detail: Type.Integer({ description: 'Says more, by kind: see core/public/effect.ts.' }),
  },
  { sequence: 7, op: 4, kind: 'pending', dom: 1, vcpu: 0, port: 3, detail: 0 },
);

export const Gap = component(
  'Gap',
  'These effects are no longer kept: the reader came too late for them.',
  { from: Type.Integer(), to: Type.Integer() },
  { from: 1, to: 6 },
);
