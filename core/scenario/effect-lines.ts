import type { Effect } from '../machine/effect.ts';

const STATES = ['closed', 'unbound', 'interdomain', 'pirq', 'virq', 'ipi'];

/** How a story names things of the machine. */
export interface EffectNames {
  /** The handle whose handler has this token. */
  readonly handle: (token: number) => string | undefined;
}

/** What an effect is to a story; undefined: nothing that needs a line. */
export function effectLine(effect: Effect, names: EffectNames): string | undefined {
  const { kind, dom, vcpu, port, detail } = effect;
  const where = `dom ${dom} port ${port}`;
  switch (kind) {
    case 'bound':
      return `${where} is ${STATES[detail] ?? detail}`;
    case 'closed':
      return `${where} closed (it was ${STATES[detail] ?? detail})`;
    case 'peer_closed':
      return `${where} falls back to unbound: its peer closed`;
    case 'pending':
      return `${where} becomes pending`;
    case 'coalesced':
      return `${where} is pending already`;
    case 'dropped':
      return `${where}: nobody can receive the event`;
    case 'unmasked':
      return `${where} unmasked`;
    case 'moved':
      return `${where} notifies vCPU ${vcpu}`;
    case 'upcall':
      return `dom ${dom} vCPU ${vcpu}: upcall`;
    case 'interrupt':
      return `ithread of ${names.handle(detail) ?? 'the kernel'} runs: port ${port}, vCPU ${vcpu}`;
    case 'filtered':
      return `filter of ${names.handle(detail) ?? 'the kernel'} runs: port ${port}, vCPU ${vcpu}`;
    case 'domain_created':
    case 'domain_destroyed':
    case 'suspending':
    case 'suspended':
    case 'two_level':
      return `dom ${dom}: ${kind}`;
    case 'resumed':
      return port === dom ? `dom ${dom}: resumed` : `dom ${port} resumed as dom ${dom}`;
    default:
      return undefined;
  }
}
