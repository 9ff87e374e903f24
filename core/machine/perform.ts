import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { EVTCHNOP } from '../public/event-channel.ts';
import { DOMID_XEN } from '../public/ids.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import { unreachable } from '../lib/assert.ts';
import { allocUnbound, bindInterdomain, bindIpi, bindVcpu } from '../xen/bind.ts';
import { close, reset, resetCont } from '../xen/close.ts';
import type { Domain } from '../xen/domain.ts';
import * as domctl from '../xen/domctl.ts';
import { expandArray, initControl } from '../xen/fifo-setup.ts';
import * as memory from '../xen/guest-access.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { send, setPriority, status, unmask } from '../xen/notify.ts';
import { bindPirq, mapPirq, raisePirq } from '../xen/pirq.ts';
import { expirePolls, schedPoll } from '../xen/poll.ts';
import type { Vcpu } from '../xen/vcpu.ts';
import { registerVcpuInfo, vcpuDown, vcpuUp } from '../xen/vcpu-info.ts';
import { bindVirq, raiseDebug, raiseVirq, setVirqHandler } from '../xen/virq.ts';
import type { GuestOp } from './guest-ops.ts';
import type { Guests } from './guests.ts';
import type { Kernel } from './kernel.ts';
import type { OpFamily } from './op-table.ts';
import type { Op } from './op.ts';

type OpOfFamily<Names extends Op['op']> = Extract<Op, { op: Names }>;

type MemoryOp = OpOfFamily<
  | 'm_mask'
  | 'm_unmask'
  | 'm_setpend'
  | 'm_clrpend'
  | 'm_upcall'
  | 'm_upcall_mask'
  | 'm_sel'
  | 'm_ready'
  | 'm_head'
  | 'fill'
  | 'w_or'
  | 'w_and'
  | 'fifo_pop'
  | 'mem_atomic'
>;

type ToolstackOp =
  | KernelControlOp
  | OpOfFamily<
      | 'create_domain'
      | 'destroy_domain'
      | 'pause_domain'
      | 'unpause_domain'
      | 'set_target'
      | 'set_virq_handler'
      | 'map_pirq'
      | 'create_ioreq_server'
    >;

type KernelControlOp = OpOfFamily<'boot_guest' | 'suspend_begin' | 'suspend_finish'>;

type KernelOp = GuestOp | OpOfFamily<'thread_run' | 'inject_failure'>;

type HardwareOp = OpOfFamily<'raise_virq' | 'raise_pirq' | 'raise_debug' | 'advance_clock'>;

type DomainOp = OpOfFamily<
  | 'init_control'
  | 'expand_array'
  | 'reset'
  | 'reset_cont'
  | 'evtchn_op'
  | 'sched_poll'
  | 'register_vcpu_info'
  | 'vcpu_up'
  | 'vcpu_down'
>;

type Hypercall = Exclude<Op, MemoryOp | ToolstackOp | KernelOp | HardwareOp>;

/** Does what an admitted op says: one call into the hypervisor. */
export function perform(
  xen: Hypervisor,
  guests: Guests,
  op: Op,
  family: OpFamily,
  caller: Domain | undefined,
): Result<unknown> {
  switch (family) {
    case 'hypercall':
      return performHypercall(xen, op as Hypercall, caller!);
    case 'memory':
      return performMemory(op as MemoryOp, caller!);
    case 'toolstack':
      return performToolstack(xen, guests, op as ToolstackOp, caller);
    case 'guest':
      return performGuest(guests, op as KernelOp, guests.kernel(op.caller)!);
    case 'hardware':
      return performHardware(xen, op as HardwareOp);
  }
}

function performHypercall(xen: Hypervisor, op: Hypercall, caller: Domain): Result<unknown> {
  if (op.ptr !== undefined) return badPointer(op, caller);
  switch (op.op) {
    case 'send':
      return send(xen, caller, op);
    case 'unmask':
      return unmask(xen, caller, op);
    case 'close':
      return close(xen, caller, op);
    case 'status':
      return status(xen, caller, op);
    case 'alloc_unbound':
      return allocUnbound(xen, caller, op);
    case 'bind_interdomain':
      return bindInterdomain(xen, caller, op);
    case 'bind_virq':
      return bindVirq(xen, caller, op);
    case 'bind_pirq':
      return bindPirq(xen, caller, op);
    case 'bind_ipi':
      return bindIpi(xen, caller, op);
    case 'bind_vcpu':
      return bindVcpu(xen, caller, op);
    case 'set_priority':
      return setPriority(xen, caller, op);
    default:
      return performDomainOp(xen, op, caller, caller.vcpu(op.callerVcpu ?? 0));
  }
}

/** Hypercalls that are about more than one port. */
function performDomainOp(
  xen: Hypervisor,
  op: DomainOp,
  caller: Domain,
  current: Vcpu,
): Result<unknown> {
  switch (op.op) {
    case 'init_control':
      return initControl(xen, caller, op);
    case 'expand_array':
      return expandArray(xen, caller, op);
    case 'reset':
      return reset(xen, caller, op);
    case 'reset_cont':
      return resetCont(xen, caller, op);
    case 'evtchn_op':
      return unknownOp(xen, caller, op.cmd);
    case 'sched_poll':
      return schedPoll(xen, caller, current, op);
    case 'register_vcpu_info':
      return registerVcpuInfo(xen, caller, current, op);
    case 'vcpu_up':
      return vcpuUp(xen, caller, op);
    case 'vcpu_down':
      return vcpuDown(caller, op);
    default:
      return unreachable(op);
  }
}

/**
 * Xen copies the arguments in before it looks at them. But VCPUOPs find their vCPU first, and what
 * takes no arguments never looks: unknown EVTCHNOPs and VCPUOP_down.
 */
function badPointer(op: Hypercall, caller: Domain): Result {
  if (op.op === 'evtchn_op' && op.cmd !== EVTCHNOP.reset_cont) return fail('ENOSYS');
  if (op.op === 'vcpu_down') return vcpuDown(caller, op);
  const isVcpuOp = op.op === 'register_vcpu_info' || op.op === 'vcpu_up';
  return fail(isVcpuOp && caller.vcpus[op.vcpu] === undefined ? 'ENOENT' : 'EFAULT');
}

/** An EVTCHNOP number without an op of its own: ENOSYS. reset_cont is SELF's, as guests try it. */
function unknownOp(xen: Hypervisor, caller: Domain, cmd: number): Result {
  return cmd === EVTCHNOP.reset_cont
    ? resetCont(xen, caller, { dom: caller.domid })
    : fail('ENOSYS');
}

function performMemory(op: MemoryOp, caller: Domain): Result<unknown> {
  switch (op.op) {
    case 'm_mask':
      return memory.writePortBit(caller, 'mask', op.port, true);
    case 'm_unmask':
      return memory.writePortBit(caller, 'mask', op.port, false);
    case 'm_setpend':
      return memory.writePortBit(caller, 'pending', op.port, true);
    case 'm_clrpend':
      return memory.writePortBit(caller, 'pending', op.port, false);
    case 'm_upcall':
      return memory.writeUpcall(caller, 'pending', op);
    case 'm_upcall_mask':
      return memory.writeUpcall(caller, 'mask', op);
    case 'm_sel':
      return memory.writeSelector(caller, op);
    case 'm_ready':
      return memory.writeReady(caller, op);
    case 'm_head':
      return memory.writeHead(caller, op);
    case 'fill':
      return memory.fillPage(caller, op);
    case 'w_or':
      return memory.updateWord(caller, op.port, (old) => old | op.value);
    case 'w_and':
      return memory.updateWord(caller, op.port, (old) => old & op.value);
    case 'fifo_pop':
      return memory.popEvent(caller, op);
    case 'mem_atomic':
      return memory.accessMemory(caller, op);
    default:
      return unreachable(op);
  }
}

/** XSM_PRIV: EPERM, before anything else, unless the caller is privileged or Xen itself. */
function performToolstack(
  xen: Hypervisor,
  guests: Guests,
  op: ToolstackOp,
  caller: Domain | undefined,
): Result<unknown> {
  const permitted =
    op.caller === DOMID_XEN || (caller !== undefined && xen.policy.mayControl(caller));
  if (op.op === 'create_ioreq_server') {
    return caller === undefined ? fail('ESRCH') : domctl.createIoreqServer(xen, caller, op.dom);
  }
  if (!permitted) return fail('EPERM');
  switch (op.op) {
    case 'create_domain':
      return domctl.createDomain(xen, {
        ...op,
        guest: GUEST_KINDS[op.guest]!,
        privileged: op.privileged !== 0,
        paused: op.paused !== 0,
      });
    case 'destroy_domain':
      return domctl.destroyDomain(xen, caller, op.dom);
    case 'pause_domain':
      return domctl.pauseDomain(xen, caller, op.dom);
    case 'unpause_domain':
      return domctl.unpauseDomain(xen, op.dom);
    case 'set_target':
      return domctl.setTarget(xen, op);
    case 'set_virq_handler':
      return setVirqHandler(xen, op);
    case 'map_pirq':
      return mapPirq(xen, op);
    default:
      return performKernelControl(guests, op);
  }
}

/** What the toolstack does to a guest's kernel. */
function performKernelControl(guests: Guests, op: KernelControlOp): Result<unknown> {
  switch (op.op) {
    case 'boot_guest':
      return guests.boot(op);
    case 'suspend_begin':
      return guests.suspendBegin(op);
    case 'suspend_finish':
      return guests.suspendFinish(op);
    default:
      return unreachable(op);
  }
}

function performGuest(guests: Guests, op: KernelOp, kernel: Kernel): Result<unknown> {
  switch (op.op) {
    case 'thread_run':
      return guests.runThread(kernel, kernel.threads.get(op.thread)!, op.steps);
    case 'inject_failure':
      return guests.inject(kernel, op);
    default:
      return guests.call(kernel, op);
  }
}

function performHardware(xen: Hypervisor, op: HardwareOp): Result {
  switch (op.op) {
    case 'raise_virq':
      return raiseVirq(xen, op);
    case 'raise_pirq':
      return raisePirq(xen, op);
    case 'raise_debug':
      return raiseDebug(xen);
    case 'advance_clock':
      xen.nowNs += op.ns;
      xen.effects.emit(EFFECT.clock, DOMID_XEN, 0, 0, 0);
      expirePolls(xen);
      return ok();
    default:
      return unreachable(op);
  }
}
