import { styleText } from 'node:util';

import type { Effect, EffectRecord } from '../../typescript/index.ts';

const STATES = ['closed', 'unbound', 'interdomain', 'pirq', 'virq', 'ipi'];

/** One line for one effect. */
export function effectText(record: EffectRecord): string {
  if (record.kind === 'gap') return `effects ${record.from} to ${record.to} came too fast: missed`;
  if (record.kind === 'replaced') return 'the machine is another one: from its first effect on';
  const name = styleText('bold', record.kind.padEnd(16), { stream: process.stdout });
  const { sequence, op } = record;
  return `${String(sequence).padStart(6)}  op ${String(op).padEnd(6)}  ${name}  ${about(record)}`;
}

/** To whom it happened, with the fields that a kind has. */
function about({ kind, dom, vcpu, port, detail }: Effect): string {
  switch (kind) {
    case 'pending':
    case 'moved':
      return `dom ${dom}  port ${port}  vcpu ${vcpu}`;
    case 'coalesced':
    case 'latched':
    case 'unmasked':
    case 'xen_notified':
      return `dom ${dom}  port ${port}`;
    case 'dropped':
      return `dom ${dom}  port ${port}  ${detail === 0 ? 'unbound' : 'no control block'}`;
    case 'bound':
    case 'closed':
      return `dom ${dom}  port ${port}  ${STATES[detail] ?? detail}`;
    case 'peer_closed':
      return `dom ${dom}  port ${port}  by dom ${detail}`;
    case 'upcall':
      return `dom ${dom}  vcpu ${vcpu}${detail === 0 ? '' : '  masked'}`;
    case 'blocked':
      return `dom ${dom}  vcpu ${vcpu}  on ${detail} ports`;
    case 'woken':
      return `dom ${dom}  vcpu ${vcpu}  by ${detail === 0 ? 'an event' : 'its timeout'}`;
    case 'domain_created':
      return `dom ${dom}  ${detail} vcpus`;
    case 'paused':
    case 'unpaused':
      return `dom ${dom}  count ${detail}`;
    case 'clock':
      return '';
    case 'fifo':
    case 'two_level':
    case 'domain_dying':
    case 'domain_destroyed':
      return `dom ${dom}`;
    default:
      return aboutGuest({ kind, dom, vcpu, port, detail });
  }
}

/** The same for what happens in a guest's kernel. */
function aboutGuest({ kind, dom, vcpu, port, detail }: Omit<Effect, 'sequence' | 'op'>): string {
  switch (kind) {
    case 'interrupt':
    case 'filtered':
      return `dom ${dom}  port ${port}  vcpu ${vcpu}  token ${detail}`;
    case 'guest_fault':
      return `dom ${dom}  fault ${detail}`;
    case 'resumed':
      return `dom ${dom}  was ${port}  mode ${detail}`;
    case 'guest_booted':
    case 'suspending':
      return `dom ${dom}  ${detail}`;
    case 'suspended':
      return `dom ${dom}`;
    default:
      return `dom ${dom}  vcpu ${vcpu}  port ${port}  detail ${detail}`;
  }
}
