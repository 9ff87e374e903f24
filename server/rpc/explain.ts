import { DOMID_XEN, OP_ARGUMENTS } from '../../core/index.ts';
import type { Errno, Op, OpName } from '../../core/index.ts';

/** Why Xen answers the errno, and what would be right, where the op alone tells. */
const WHY: Partial<Record<OpName, Partial<Record<Errno, string>>>> = {
  alloc_unbound: {
    EINVAL: 'the domain is dying',
    EPERM: 'only a privileged caller allocates ports of another domain; DOMID_SELF is 32752',
  },
  bind_interdomain: {
    EINVAL: 'remotePort must be unbound for the caller: remoteDom has to alloc_unbound it first',
  },
  bind_virq: {
    EINVAL: 'virq goes from 0 to 23, and all but 0, 1, 7 and 13 are bound on vcpu 0',
    EEXIST: 'the VIRQ is bound there already: close its port first',
    EBUSY: 'a global VIRQ is bound by its handler only: see set_virq_handler',
  },
  bind_pirq: {
    EINVAL: 'the domain has no such PIRQ',
    EPERM: 'the domain was not given the PIRQ: see map_pirq',
    EEXIST: 'the PIRQ is bound already: close its port first',
    EBUSY: 'the interrupt is in use and is not shared',
    EOPNOTSUPP: 'guests of this kind have no PIRQs',
  },
  bind_vcpu: { EINVAL: 'the port must be open, and no IPI, per-vCPU VIRQ or port of Xen' },
  close: { EINVAL: 'the port must be open and not consumed by Xen' },
  send: { EINVAL: 'the port must be open, and unbound, interdomain or IPI; not consumed by Xen' },
  unmask: { EINVAL: 'there is no such port: they become valid 64 at a time' },
  status: {
    EINVAL: 'there is no such port: they become valid 64 at a time',
    EACCES: 'Xen consumes this port',
    EPERM: 'the caller has no privilege over that domain or port',
  },
  reset: {
    EINVAL: 'another domain must be paused by the toolstack first',
    EBUSY: 'a reset of the domain is going on: reset_cont finishes it',
    EAGAIN: 'ports appeared while it ran: try again',
    ERESTART: 'preempted: reset_cont goes on',
  },
  init_control: {
    EINVAL: 'give one block a vCPU: offset up to 4024, a multiple of 8, in a page of the caller',
  },
  expand_array: {
    EOPNOTSUPP: 'the domain is not on the FIFO ABI: init_control first',
    ENOSPC: 'it has all 128 array pages',
    EINVAL: 'gfn must be a page of the caller',
  },
  set_priority: {
    EINVAL: 'the port must be valid, and priority from 0 to 15',
    ENOSYS: 'the 2-level ABI has no priorities: init_control first',
    EACCES: 'the port is free',
  },
  evtchn_op: { ENOSYS: 'Xen knows no such EVTCHNOP' },
  sched_poll: { EINVAL: 'poll up to 128 ports, each of them open' },
  register_vcpu_info: {
    EINVAL: 'give a page of the caller, once for each vCPU',
    ENXIO: 'the vcpu_info must lie in one page, aligned to a word',
    EBUSY: 'the vCPU has registered one',
    EACCES: 'the page is not writable',
  },
  create_domain: {
    EINVAL: 'dom goes up to 32751; vcpus from 1 to what the kind of guest may have',
    EEXIST: 'the domid is in use',
  },
  unpause_domain: { EINVAL: 'it is not paused' },
  set_target: { EINVAL: 'dom and target must differ, and dom must have no target' },
  set_virq_handler: {
    EINVAL: 'the VIRQ must be a global one, and the domain alive',
    EBUSY: 'its present handler has it bound: that one closes its port first',
  },
};

/** Why Xen answers the errno, for any op. */
const WHY_IN_GENERAL: Partial<Record<Errno, string>> = {
  EPERM: 'the caller is not privileged',
  ESRCH: 'there is no such domain',
  ENOENT: 'the domain has no such vCPU',
  ENOSPC: 'no free port is left under max_evtchn_port and the port ABI',
  EFAULT: 'the argument pointer is no address of the guest',
  EINVAL: 'an argument is out of range',
};

/** `send {port: 77} by domain 1 vCPU 0: EINVAL: the port must be …` */
export function explain(op: Op, errno: Errno): string {
  const values = op as unknown as Record<string, number>;
  const args = OP_ARGUMENTS[op.op].map((name) => `${name}: ${values[name]}`).join(', ');
  const who = op.caller === DOMID_XEN ? '' : ` by domain ${op.caller} vCPU ${op.callerVcpu ?? 0}`;
  const why = WHY[op.op]?.[errno] ?? WHY_IN_GENERAL[errno];
  return `${op.op} {${args}}${who}: ${errno}${why === undefined ? '' : `: ${why}`}`;
}
