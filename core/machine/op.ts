import type { Domid, VcpuId } from '../public/ids.ts';

/**
 * Everything that can be asked of a machine, as plain data: it is logged, replayed, sent over the
 * wire and explored. Each op has numeric arguments only (two have a list of numbers), named as in
 * Xen's headers; frame numbers are gfns of the caller, SHARED_INFO_GFN being its shared_info.
 *
 * Four families: hypercalls of a guest; accesses of a guest to its own memory (no hypercall, Xen is
 * not told); calls into its kernel; and what the toolstack, the hardware or the clock does.
 */
export const OP_ARGUMENTS = {
  // EVTCHNOP_*
  alloc_unbound: ['dom', 'remoteDom'],
  bind_interdomain: ['remoteDom', 'remotePort'],
  bind_virq: ['virq', 'vcpu'],
  bind_pirq: ['pirq', 'flags'],
  bind_ipi: ['vcpu'],
  close: ['port'],
  send: ['port'],
  unmask: ['port'],
  status: ['dom', 'port'],
  bind_vcpu: ['port', 'vcpu'],
  reset: ['dom'],
  reset_cont: ['dom'],
  init_control: ['gfn', 'offset', 'vcpu'],
  expand_array: ['gfn'],
  set_priority: ['port', 'priority'],
  /** An EVTCHNOP number that has no op here: ENOSYS, but for reset_cont (14) of the caller. */
  evtchn_op: ['cmd'],
  // SCHEDOP_poll and VCPUOP_*
  sched_poll: ['nrPorts', 'timeout'],
  register_vcpu_info: ['gfn', 'offset', 'vcpu'],
  vcpu_up: ['vcpu'],
  vcpu_down: ['vcpu'],

  // The guest's memory. m_*: shared_info. w_*, fifo_pop: an event word. Values are u32.
  m_mask: ['port'],
  m_unmask: ['port'],
  m_setpend: ['port'],
  m_clrpend: ['port'],
  m_upcall: ['vcpu', 'value'],
  m_upcall_mask: ['vcpu', 'value'],
  /** evtchn_pending_sel = hi * 2^32 + lo; guests with 32-bit words have no hi. */
  m_sel: ['vcpu', 'lo', 'hi'],
  m_ready: ['vcpu', 'value'],
  m_head: ['vcpu', 'prio', 'value'],
  fill: ['gfn', 'value'],
  w_or: ['port', 'value'],
  w_and: ['port', 'value'],
  /** word[port] &= ~(LINKED | LINK | (handle ? PENDING : 0)), as a guest unlinks an event. */
  fifo_pop: ['vcpu', 'prio', 'handle', 'port'],
  /** One atomic access of `width` 32 or 64 bits: see MEMORY_ACTIONS. */
  mem_atomic: ['gfn', 'offset', 'width', 'action', 'lo', 'hi', 'cmpLo', 'cmpHi'],

  // XEN_DOMCTL_* and friends: the caller must be privileged.
  /** `dom` -1: the next free domid. `guest` indexes GUEST_KINDS. `paused` 1: not yet unpaused. */
  create_domain: [
    'dom',
    'guest',
    'privileged',
    'vcpus',
    'vcpusUp',
    'maxEvtchnPort',
    'pages',
    'paused',
  ],
  destroy_domain: ['dom'],
  pause_domain: ['dom'],
  unpause_domain: ['dom'],
  set_target: ['dom', 'target'],
  set_virq_handler: ['dom', 'virq'],
  map_pirq: ['dom', 'irq', 'pirq'],
  create_ioreq_server: ['dom'],

  /** A kernel boots: `variant` indexes VARIANT_NAMES. precreate -1: no xenstore and console. */
  boot_guest: ['dom', 'variant', 'nr', 'precreate', 'rereadsStore'],
  /** `mode` indexes SUSPEND_MODES. */
  suspend_begin: ['dom', 'mode'],
  suspend_finish: ['dom', 'mode', 'newDom', 'precreate'],

  // The caller's interrupt layer. handle 0: the next free one. thread 0: straight through.
  intr_bind_local_port: ['port', 'token', 'filter', 'ithread', 'handle', 'thread'],
  intr_alloc_and_bind_local_port: ['remoteDom', 'token', 'filter', 'ithread', 'handle', 'thread'],
  intr_bind_remote_port: [
    'remoteDom',
    'remotePort',
    'token',
    'filter',
    'ithread',
    'handle',
    'thread',
  ],
  intr_bind_virq: ['virq', 'cpu', 'token', 'filter', 'ithread', 'handle', 'thread'],
  intr_alloc_and_bind_ipi: ['cpu', 'token', 'filter', 'ithread', 'handle', 'thread'],
  intr_add_handler: ['handle', 'token', 'filter', 'ithread', 'thread'],
  intr_unbind: ['handle', 'thread'],
  intr_signal: ['handle', 'thread'],
  intr_get_evtchn_from_port: ['port', 'handle', 'thread'],
  intr_assign_cpu: ['handle', 'cpu', 'thread'],
  /** The ithread of the handle's source has run. */
  intr_handled: ['handle', 'thread'],
  /** The upcall of a CPU, where threads run and it does not come by itself. */
  intr_upcall: ['cpu', 'thread'],
  /** Lets a thread make `steps` steps, fewer if it ends or must wait. */
  thread_run: ['thread', 'steps'],
  /** What the guest's surroundings do to it: see INJECTIONS. */
  inject_failure: ['what', 'value'],

  // The hardware, Xen itself and the clock: any caller, DOMID_XEN by custom.
  /** Per-vCPU: on `vcpu` of `dom`; per-domain: on `dom`; global: on its handler, `dom` is unused. */
  raise_virq: ['dom', 'vcpu', 'virq'],
  raise_pirq: ['dom', 'pirq'],
  /** Debug key 'q': VIRQ_DEBUG to every vCPU of every domain. */
  raise_debug: [],
  advance_clock: ['ns'],
} as const;

export type OpName = keyof typeof OP_ARGUMENTS;

/** The two ops that have a list of numbers besides. */
export const LIST_ARGUMENTS = {
  sched_poll: 'ports',
  boot_guest: 'settings',
} as const satisfies Partial<Record<OpName, string>>;

export type OpOf<Name extends OpName> = {
  readonly op: Name;
  /** The domain that acts; DOMID_XEN stands for Xen itself and the owner of the machine. */
  readonly caller: Domid;
  /** The vCPU that makes the hypercall; 0 unless said. */
  readonly callerVcpu?: VcpuId;
  /** 'bad': the argument pointer points into the hypervisor, so the answer is EFAULT. */
  readonly ptr?: 'bad';
} & {
  readonly [Argument in (typeof OP_ARGUMENTS)[Name][number]]: number;
} & (Name extends keyof typeof LIST_ARGUMENTS
    ? { readonly [List in (typeof LIST_ARGUMENTS)[Name]]: readonly number[] }
    : unknown);

export type Op = { [Name in OpName]: OpOf<Name> }[OpName];

/** `action` of mem_atomic. Each answers the old value; cmpxchg writes only where it was `cmp`. */
export const MEMORY_ACTIONS = ['read', 'xchg', 'or', 'and', 'xor', 'cmpxchg'] as const;

/** In place of a gfn: the caller's shared_info page, which lies outside its own memory. */
export const SHARED_INFO_GFN = -1;
