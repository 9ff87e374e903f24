import { Type, type Static } from 'typebox';
import type { PortView } from '../../../core/index.ts';
import { component } from './common.ts';
import { hex } from './hex.ts';

export const PORT_STATES = [
  'free',
  'reserved',
  'unbound',
  'interdomain',
  'pirq',
  'virq',
  'ipi',
] as const;

export type PortJson = Static<typeof Port.ref>;

const Fifo = Type.Object(
  {
    priority: Type.Integer({ description: '0, the most urgent, to 15.' }),
    latched: Type.Boolean({ description: 'An event came before its array page did.' }),
    word: Type.Optional(
      Type.String({ description: 'Its event word, hexadecimal; absent before its array page.' }),
    ),
    linked: Type.Boolean({ description: 'On a queue.' }),
    busy: Type.Boolean({ description: 'Xen is changing its event word.' }),
    link: Type.Integer({ description: 'The next port on its queue, 0 at the tail.' }),
  },
  { description: 'Only under the FIFO ABI.' },
);

export const Port = component(
  'Port',
  'An event channel, seen from one side.',
  {
    port: Type.Integer(),
    state: Type.String({ enum: [...PORT_STATES] }),
    vcpu: Type.Integer({ description: 'The vCPU that it notifies.' }),
    pending: Type.Boolean(),
    masked: Type.Boolean(),
    xen_consumer: Type.Boolean({ description: 'Xen itself receives its events.' }),
    remote_dom: Type.Optional(
      Type.Integer({ description: 'unbound, interdomain: the other side.' }),
    ),
    remote_port: Type.Optional(Type.Integer({ description: 'interdomain: its port.' })),
    pirq: Type.Optional(Type.Integer()),
    virq: Type.Optional(Type.Integer()),
    fifo: Type.Optional(Fifo),
  },
  {
    port: 3,
    state: 'interdomain',
    vcpu: 0,
    pending: true,
    masked: false,
    xen_consumer: false,
    remote_dom: 0,
    remote_port: 15,
  },
);

export function portJson(view: PortView): PortJson {
  const { port, state, vcpu, pending, masked, pirq, virq, remoteDom, remotePort, fifo } = view;
  return {
    port,
    state,
    vcpu,
    pending,
    masked,
    xen_consumer: view.xenConsumer,
    ...(remoteDom !== undefined && { remote_dom: remoteDom }),
    ...(remotePort !== undefined && { remote_port: remotePort }),
    ...(pirq !== undefined && { pirq }),
    ...(virq !== undefined && { virq }),
    ...(fifo !== undefined && { fifo: fifoJson(fifo) }),
  };
}

function fifoJson({ priority, latched, word, linked, busy, link }: NonNullable<PortView['fifo']>) {
  return { priority, latched, ...(word !== undefined && { word: hex(word) }), linked, busy, link };
}
