import { Type, type Static } from 'typebox';
import type { VcpuView } from '../../../core/index.ts';
import { GFN, component, gfnJson } from './common.ts';
import { hex } from './hex.ts';

export type VcpuJson = Static<typeof Vcpu.ref>;

const VcpuInfo = Type.Object(
  { gfn: GFN, offset: Type.Integer() },
  { description: 'Where its vcpu_info lies; absent until it has one.' },
);

const Poll = Type.Object(
  {
    port: Type.Optional(Type.Integer({ description: 'The port that wakes it; absent: any port.' })),
    deadline_ns: Type.Optional(Type.Integer({ description: 'When the virtual clock wakes it.' })),
  },
  { description: 'Asleep in SCHEDOP_poll; absent otherwise.' },
);

const ControlBlock = Type.Object(
  {
    gfn: GFN,
    offset: Type.Integer(),
    ready: Type.String({ description: 'Bit n: queue n is not empty. Hexadecimal.' }),
    heads: Type.Array(Type.Integer(), {
      description: 'First port of each of the 16 queues, 0 if empty.',
    }),
  },
  { description: 'FIFO: absent until EVTCHNOP_init_control.' },
);

export const Vcpu = component(
  'Vcpu',
  'A vCPU, and what its vcpu_info says.',
  {
    vcpu: Type.Integer(),
    up: Type.Boolean(),
    upcall_pending: Type.Boolean(),
    upcall_mask: Type.Boolean(),
    pending_sel: Type.String({
      description: 'evtchn_pending_sel, hexadecimal: 64 bits do not fit in a JSON number.',
    }),
    vcpu_info: Type.Optional(VcpuInfo),
    poll: Type.Optional(Poll),
    control_block: Type.Optional(ControlBlock),
    virqs: Type.Array(Type.Object({ virq: Type.Integer(), port: Type.Integer() }), {
      description: 'VIRQs bound to it.',
    }),
  },
  {
    vcpu: 0,
    up: true,
    upcall_pending: true,
    upcall_mask: false,
    pending_sel: '0x1',
    vcpu_info: { gfn: 'shared_info', offset: 0 },
    virqs: [{ virq: 0, port: 1 }],
  },
);

export function vcpuJson(view: VcpuView): VcpuJson {
  const { info, poll, controlBlock } = view;
  return {
    vcpu: view.vcpu,
    up: view.up,
    upcall_pending: view.upcallPending,
    upcall_mask: view.upcallMask,
    pending_sel: hex(view.pendingSel),
    ...(info && { vcpu_info: { gfn: gfnJson(info.gfn), offset: info.offset } }),
    ...(poll && { poll: pollJson(poll) }),
    ...(controlBlock && { control_block: controlBlockJson(controlBlock) }),
    virqs: view.virqs.map(({ virq, port }) => ({ virq, port })),
  };
}

/** Port -1 stands for any port, deadline 0 for none: in JSON they are absent. */
const pollJson = ({ port, deadline }: NonNullable<VcpuView['poll']>) => ({
  ...(port >= 0 && { port }),
  ...(deadline !== 0 && { deadline_ns: deadline }),
});

function controlBlockJson({ gfn, offset, ready, heads }: NonNullable<VcpuView['controlBlock']>) {
  return { gfn: gfnJson(gfn), offset, ready: hex(ready), heads: [...heads] };
}
