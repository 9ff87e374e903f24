import type { Errno, Result } from '../public/errno.ts';
import type { PortStatus } from '../public/event-channel.ts';
import type { Domid, Port } from '../public/ids.ts';
import type { OpName } from './op.ts';

/** What each op gives when it succeeds; ops not named here give nothing. */
export interface Outputs {
  alloc_unbound: { readonly port: Port };
  bind_interdomain: { readonly localPort: Port };
  bind_virq: { readonly port: Port };
  bind_pirq: { readonly port: Port };
  bind_ipi: { readonly port: Port };
  status: PortStatus;
  init_control: { readonly linkBits: number };
  sched_poll: { readonly blocked: boolean };
  m_ready: { readonly old: number };
  m_head: { readonly old: number };
  w_or: { readonly old: number };
  w_and: { readonly old: number };
  fifo_pop: { readonly old: number };
  mem_atomic: { readonly oldLo: number; readonly oldHi: number };
  create_domain: { readonly dom: Domid };
  map_pirq: { readonly pirq: number };
  suspend_finish: { readonly dom: Domid };
  intr_bind_local_port: GuestOutput;
  intr_alloc_and_bind_local_port: GuestOutput;
  intr_bind_remote_port: GuestOutput;
  intr_bind_virq: GuestOutput;
  intr_alloc_and_bind_ipi: GuestOutput;
  intr_add_handler: GuestOutput;
  intr_unbind: GuestOutput;
  intr_signal: GuestOutput;
  intr_get_evtchn_from_port: GuestOutput;
  intr_assign_cpu: GuestOutput;
  intr_handled: GuestOutput;
  intr_upcall: GuestOutput;
  thread_run: GuestOutput;
}

/** What a call into a kernel gives: the handle it filled, or where its thread stands. */
export interface GuestOutput {
  readonly handle?: number;
  readonly thread?: ThreadView;
  /** What the thread answered, once it is done. */
  readonly result?: Result<{ readonly handle?: number }>;
}

/** Where a thread stands, as its schedule sees it. */
export interface ThreadView {
  readonly state: 'ready' | 'waits' | 'done' | 'dead';
  /** The access that comes next. */
  readonly at: string;
  readonly waitsFor?: string;
}

export type OutputOf<Name extends OpName> = Name extends keyof Outputs ? Outputs[Name] : void;

/**
 * Why an op could not even be tried: there is no guest that could have made it, or the machine
 * does not take it. It changes nothing, and it is not journalled. Real Xen has no errno for these.
 */
export interface Refusal {
  readonly ok: false;
  readonly refused: RefusalReason;
  /** What was wrong, and what would be right. */
  readonly message: string;
}

export type RefusalReason =
  /** No such caller domain or vCPU. */
  | 'no_caller'
  /** The caller is paused, down, dying or asleep in SCHEDOP_poll: it executes nothing. */
  | 'cannot_run'
  /** An argument that no guest could express: not an integer of the field's range. */
  | 'bad_argument'
  /** A limit of the machine, not of Xen. */
  | 'limit'
  /** An assertion fired earlier: the machine only shows its journal. */
  | 'retired';

/** What `Machine.execute` answers: success with outputs, an errno of Xen, or a refusal. */
export type Answer<Name extends OpName = OpName> = Result<OutputOf<Name>> | Refusal;

export const isRefusal = (answer: Answer): answer is Refusal => !answer.ok && 'refused' in answer;

export const errnoOf = (answer: Answer): Errno | undefined =>
  !answer.ok && 'errno' in answer ? answer.errno : undefined;
