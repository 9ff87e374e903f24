/** What a field of a step may hold. A field with a default may be left out. */
export type Field =
  /** Gives a handle, or a port, its name. */
  | { readonly type: 'newHandle' | 'newPort'; readonly optional?: boolean }
  | { readonly type: 'handle' | 'port' | 'dom' }
  | { readonly type: 'number'; readonly default?: number }
  | { readonly type: 'choice'; readonly of: readonly string[]; readonly default?: string };

const HANDLERS = ['none', 'filter', 'ithread', 'both'];
const MODES = ['real', 'cancelled', 'checkpoint', 'uncooperative', 'failed', 'soft_reset'];
const INJECTED = ['next_add_handler', 'next_event_bind', 'foreign_vector'];

const newHandle: Field = { type: 'newHandle' };
/** Remembers the port that a handle, or a hypercall, got. */
const portAs: Field = { type: 'newPort', optional: true };
const handle: Field = { type: 'handle' };
const port: Field = { type: 'port' };
const remoteDom: Field = { type: 'dom' };
const cpu: Field = { type: 'number', default: 0 };
const number: Field = { type: 'number' };
const handler: Field = { type: 'choice', of: HANDLERS, default: 'ithread' };
const filter: Field = { type: 'choice', of: HANDLERS, default: 'filter' };

type Verbs = Readonly<Record<string, Readonly<Record<string, Field>>>>;

/** Calls into a guest's interrupt layer: xen/xen_intr.h, and what its surroundings do to it. */
export const GUEST_VERBS = {
  bind_local_port: { as: newHandle, port, handler, portAs },
  alloc_and_bind_local_port: { as: newHandle, remoteDom, handler, portAs },
  bind_remote_port: { as: newHandle, remoteDom, remotePort: port, handler, portAs },
  bind_virq: { as: newHandle, virq: number, cpu, handler, portAs },
  alloc_and_bind_ipi: { as: newHandle, cpu, handler: filter, portAs },
  add_handler: { handle, handler },
  unbind: { handle },
  signal: { handle },
  get_evtchn_from_port: { as: newHandle, port },
  assign_cpu: { handle, cpu: number },
  handled: { handle },
  upcall: { cpu },
} as const satisfies Verbs;

/** Everything else: raw hypercalls, memory, toolstack, hardware, injections. */
export const OTHER_VERBS = {
  'hv.alloc_unbound': { remoteDom, as: portAs },
  'hv.bind_interdomain': { remoteDom, remotePort: port, as: portAs },
  'hv.bind_virq': { virq: number, vcpu: cpu, as: portAs },
  'hv.bind_ipi': { vcpu: cpu, as: portAs },
  'hv.bind_vcpu': { port, vcpu: number },
  'hv.close': { port },
  'hv.send': { port },
  'hv.unmask': { port },
  'hv.reset': {},
  'mem.mask': { port },
  'mem.unmask': { port },
  'mem.set_pending': { port },
  'mem.clear_pending': { port },
  suspend: { mode: { type: 'choice', of: MODES, default: 'real' } },
  resume: {
    mode: { type: 'choice', of: MODES, default: 'real' },
    precreate: { type: 'number', default: 0 },
    newDom: { type: 'choice', of: ['same', 'next'], default: 'same' },
  },
  destroy: {},
  reset: {},
  raise_virq: { virq: number, vcpu: cpu },
  inject: { what: { type: 'choice', of: INJECTED }, value: number },
} as const satisfies Verbs;

export type GuestVerb = keyof typeof GUEST_VERBS;
export type OtherVerb = keyof typeof OTHER_VERBS;
export type VerbName = GuestVerb | OtherVerb;

export const VERBS: Readonly<Record<VerbName, Readonly<Record<string, Field>>>> = {
  ...GUEST_VERBS,
  ...OTHER_VERBS,
};

export const isGuestVerb = (verb: VerbName): verb is GuestVerb => verb in GUEST_VERBS;

/** What can be asked in between. */
export const EXPECTATIONS = {
  /** xen_intr_port: what the source holds; "none" is ~0. */
  port: { handle },
  /** What Xen says of a port: free, unbound, interdomain, virq, ipi. */
  state: { port },
  masked: { port },
  pending: { port },
  enabled: { port, cpu: number },
  /** How often the handler of a handle ran. */
  interrupts: { handle },
  /** The handle whose source the table has for a port, or "none". */
  mapped: { port },
  /** Another handle with the same source, or "none". */
  source: { handle },
  /** Ports that Xen has open in the domain. */
  open_ports: {},
} as const satisfies Verbs;

export type ExpectName = keyof typeof EXPECTATIONS;
