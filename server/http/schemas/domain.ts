import { Type, type Static } from 'typebox';
import { component } from './common.ts';
import { GUEST_KINDS, type DomainView } from '../../../core/index.ts';

export type DomainJson = Static<typeof Domain.ref>;

export const Domain = component(
  'Domain',
  'A domain of a machine, as event channels see it.',
  {
    dom: Type.Integer(),
    guest: Type.String({ enum: [...GUEST_KINDS] }),
    privileged: Type.Boolean(),
    abi: Type.String({ enum: ['2l', 'fifo'] }),
    vcpus: Type.Integer(),
    max_evtchn_port: Type.Integer({ description: 'Highest port it was given at creation.' }),
    valid_ports: Type.Integer({
      description: 'Ports from 0 on that Xen has allocated memory for.',
    }),
    active_ports: Type.Integer({ description: 'Ports that are not free.' }),
    xen_ports: Type.Integer({ description: 'Of these, ports whose consumer is Xen itself.' }),
    ports_max: Type.Integer({ description: 'Ports it can have under its ABI and its limit.' }),
    pause_count: Type.Integer(),
    dying: Type.Boolean(),
    target: Type.Optional(Type.Integer({ description: 'The domain that it may act for.' })),
    pages: Type.Integer({ description: 'Guest frames it has, shared_info apart.' }),
    array_pages: Type.Integer({ description: 'FIFO: event array pages it has given to Xen.' }),
    virq_handler_of: Type.Array(Type.Integer(), {
      description: 'Global VIRQs that are raised on it.',
    }),
  },
  {
    dom: 1,
    guest: 'pv64',
    privileged: false,
    abi: '2l',
    vcpus: 4,
    max_evtchn_port: 1023,
    valid_ports: 64,
    active_ports: 3,
    xen_ports: 0,
    ports_max: 1024,
    pause_count: 0,
    dying: false,
    pages: 160,
    array_pages: 0,
    virq_handler_of: [],
  },
);

export function domainJson(view: DomainView): DomainJson {
  return {
    dom: view.dom,
    guest: view.guest,
    privileged: view.privileged,
    abi: view.abi,
    vcpus: view.vcpus,
    max_evtchn_port: view.maxEvtchnPort,
    valid_ports: view.validPorts,
    active_ports: view.activePorts,
    xen_ports: view.xenPorts,
    ports_max: view.portsMax,
    pause_count: view.pauseCount,
    dying: view.dying,
    ...(view.target === undefined ? {} : { target: view.target }),
    pages: view.pages,
    array_pages: view.arrayGfns.length,
    virq_handler_of: [...view.virqHandlerOf],
  };
}
