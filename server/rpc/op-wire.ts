import { OP_ARGUMENTS } from '../../core/index.ts';
import type { OpName } from '../../core/index.ts';

/**
 * The field of proto's `Op` that holds each op; those of the guest layer have none here. Below 16:
 * one byte on the wire.
 */
const OP_FIELDS: Readonly<Partial<Record<OpName, number>>> = {
  send: 4,
  unmask: 5,
  close: 6,
  status: 7,
  alloc_unbound: 8,
  bind_interdomain: 9,
  bind_virq: 10,
  bind_ipi: 11,
  bind_vcpu: 12,
  m_clrpend: 13,
  mem_atomic: 14,
  fifo_pop: 15,
  bind_pirq: 16,
  reset: 17,
  reset_cont: 18,
  init_control: 19,
  expand_array: 20,
  set_priority: 21,
  evtchn_op: 22,
  sched_poll: 23,
  register_vcpu_info: 24,
  vcpu_up: 25,
  vcpu_down: 26,
  m_mask: 27,
  m_unmask: 28,
  m_setpend: 29,
  m_upcall: 30,
  m_upcall_mask: 31,
  m_sel: 32,
  m_ready: 33,
  m_head: 34,
  fill: 35,
  w_or: 36,
  w_and: 37,
  create_domain: 38,
  destroy_domain: 39,
  pause_domain: 40,
  unpause_domain: 41,
  set_target: 42,
  set_virq_handler: 43,
  map_pirq: 44,
  create_ioreq_server: 45,
  raise_virq: 46,
  raise_pirq: 47,
  raise_debug: 48,
  advance_clock: 49,
};

/** How an op lies on the wire: argument i of the core is field i + 1 of the op's message. */
export interface OpWire {
  readonly name: OpName;
  readonly args: readonly string[];
  /** Its only argument is a port: the frequent ones are, and are built without a loop. */
  readonly portOnly: boolean;
}

/** Fields of Op besides its op. */
export const CALLER_FIELD = 1;
export const CALLER_VCPU_FIELD = 2;
export const BAD_POINTER_FIELD = 3;

/** By field number; undefined: no op has it. */
export const OP_WIRES: readonly (OpWire | undefined)[] = listOpWires();

function listOpWires(): (OpWire | undefined)[] {
  const wires: (OpWire | undefined)[] = Array.from({ length: 50 });
  for (const [name, field] of Object.entries(OP_FIELDS) as [OpName, number][]) {
    const args: readonly string[] = OP_ARGUMENTS[name];
    wires[field] = { name, args, portOnly: args.length === 1 && args[0] === 'port' };
  }
  return wires;
}
