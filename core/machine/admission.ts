import { EVTCHNOP } from '../public/event-channel.ts';
import { GUEST_PAGES_MAX, VCPUS_MAX } from '../public/limits.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import type { Domain } from '../xen/domain.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import type { Refusal } from './answer.ts';
import { badSetting, cannotEnter } from './guest-admission.ts';
import type { Guests } from './guests.ts';
import { refuse } from './refuse.ts';
import type { MachineConfig } from './config.ts';
import type { OpInfo } from './op-table.ts';
import { MEMORY_ACTIONS } from './op.ts';
import type { Op, OpOf } from './op.ts';

/** Virtual time stays an exact number: 104 days of nanoseconds. */
const NOW_NS_MAX = Number.MAX_SAFE_INTEGER;

/** Why nobody could make this op now; undefined if somebody can. Changes nothing. */
export function refusalOf(
  xen: Hypervisor,
  guests: Guests,
  config: MachineConfig,
  op: Op,
  info: OpInfo,
  caller: Domain | undefined,
): Refusal | undefined {
  switch (info.family) {
    case 'hypercall':
      return cannotCall(op, caller) ?? (op.op === 'evtchn_op' ? hasOwnOp(op.cmd) : undefined);
    case 'memory':
      return noDomain(op.caller, caller) ?? (op.op === 'mem_atomic' ? badAccess(op) : undefined);
    case 'toolstack':
      return op.op === 'create_domain' ? cannotCreate(xen, config, op) : badSetting(op);
    case 'guest':
      return noDomain(op.caller, caller) ?? cannotEnter(guests.kernel(op.caller), op);
    case 'hardware':
      return op.op === 'advance_clock' ? cannotAdvance(xen, op) : undefined;
  }
}

function cannotCall(op: Op, caller: Domain | undefined): Refusal | undefined {
  if (caller === undefined) return noDomain(op.caller, caller);
  const dom = caller.domid;
  if (caller.life !== 'alive') {
    return refuse('cannot_run', `domain ${dom} is dying: it makes no more hypercalls`);
  }
  if (caller.pauseCount > 0) {
    return refuse('cannot_run', `domain ${dom} is paused: unpause it before it can call`);
  }
  const id = op.callerVcpu ?? 0;
  const vcpu = caller.vcpus[id];
  if (vcpu === undefined) {
    const last = caller.vcpus.length - 1;
    return refuse('no_caller', `domain ${dom} has vCPUs 0 to ${last}, and no vCPU ${id}`);
  }
  if (!vcpu.up) {
    return refuse('cannot_run', `vCPU ${id} of domain ${dom} is down: bring it up first`);
  }
  if (vcpu.pollPort !== 0) {
    return refuse('cannot_run', `vCPU ${id} of domain ${dom} is asleep in SCHEDOP_poll`);
  }
  return undefined;
}

/** The known numbers carry arguments, which evtchn_op has no room for. */
function hasOwnOp(cmd: number): Refusal | undefined {
  if (cmd < 0 || cmd >= EVTCHNOP.reset_cont) return undefined;
  const name = Object.entries(EVTCHNOP).find(([, number]) => number === cmd)![0];
  return refuse('bad_argument', `EVTCHNOP ${cmd} is ${name}: use that op, which has its arguments`);
}

function noDomain(domid: number, caller: Domain | undefined): Refusal | undefined {
  if (caller !== undefined) return undefined;
  return refuse(
    'no_caller',
    `there is no domain ${domid} to call from: create it, or name another`,
  );
}

function badAccess(op: OpOf<'mem_atomic'>): Refusal | undefined {
  if (op.action in MEMORY_ACTIONS) return undefined;
  return refuse('bad_argument', `action ${op.action} is none of ${MEMORY_ACTIONS.join(', ')}`);
}

function cannotCreate(
  xen: Hypervisor,
  config: MachineConfig,
  op: OpOf<'create_domain'>,
): Refusal | undefined {
  if (GUEST_KINDS[op.guest] === undefined) {
    const kinds = GUEST_KINDS.map((kind, index) => `${index} (${kind})`).join(', ');
    return refuse('bad_argument', `guest is ${op.guest}, not one of ${kinds}`);
  }
  if (op.pages < 0 || op.pages > GUEST_PAGES_MAX) {
    return refuse('bad_argument', `pages is ${op.pages}, not from 0 to ${GUEST_PAGES_MAX}`);
  }
  const { domains, guestPages, vcpus } = config.limits;
  if (xen.domains.size >= domains) {
    return refuse('limit', `the machine has its ${domains} domains (limits.domains)`);
  }
  let pages = op.pages;
  let cpus = op.vcpus;
  for (const domain of xen.domains.values()) {
    pages += domain.memory.frames;
    cpus += domain.vcpus.length;
  }
  if (cpus > vcpus && op.vcpus <= VCPUS_MAX) {
    return refuse('limit', `${cpus} vCPUs would exceed the machine's ${vcpus} (limits.vcpus)`);
  }
  if (pages > guestPages) {
    const message = `${pages} guest pages would exceed the machine's ${guestPages}`;
    return refuse('limit', `${message} (limits.guestPages)`);
  }
  return undefined;
}

function cannotAdvance(xen: Hypervisor, op: OpOf<'advance_clock'>): Refusal | undefined {
  if (op.ns >= 0 && xen.nowNs + op.ns <= NOW_NS_MAX) return undefined;
  const most = NOW_NS_MAX - xen.nowNs;
  return refuse('bad_argument', `ns is ${op.ns}, not from 0 to ${most}: time only goes forward`);
}
