import { assert } from '../lib/assert.ts';
import { EFFECT } from '../public/effect.ts';
import { fail, ok } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import { DOMID_FIRST_RESERVED } from '../public/ids.ts';
import type { Domid, Port } from '../public/ids.ts';
import { bindLocalPort, unbind } from '../guest/api.ts';
import { resume } from '../guest/resume.ts';
import { allocUnbound } from '../xen/bind.ts';
import { reset } from '../xen/close.ts';
import type { Domain } from '../xen/domain.ts';
import { isReferredTo } from '../xen/bury.ts';
import { createDomain, destroyDomain } from '../xen/domctl.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { resetVcpuInfo } from '../xen/vcpu-info.ts';
import { CONSOLE_HANDLE, STORE_HANDLE } from './kernel.ts';
import type { Kernel, ToolstackPorts } from './kernel.ts';

/**
 * What a suspend becomes. `real`: a new domain takes the guest's memory and CPUs, and no port.
 * `cancelled`, `checkpoint`: SCHEDOP_shutdown answers 1, and nothing has changed. `uncooperative`:
 * it answers 0, as if in a new domain, but the domain and its ports are the old ones. `failed`: a
 * driver refused, so that the hypercall was never made. `soft_reset`: another kernel takes over.
 */
export const SUSPEND_MODES = [
  'real',
  'cancelled',
  'checkpoint',
  'uncooperative',
  'failed',
  'soft_reset',
] as const;

export type SuspendMode = (typeof SUSPEND_MODES)[number];

export interface ResumeOptions {
  readonly mode: SuspendMode;
  /** Domid of the new domain: -1 the next free one; the old domid is kept where it is named. */
  readonly newDom: number;
  /** Ports that the toolstack opens before xenstore's: they shift its number. */
  readonly precreate: number;
}

/**
 * The toolstack asks the guest to suspend: its drivers quiesce until the suspend is finished.
 *
 * - EBUSY: it suspends already. EFAULT: it has ended by a fault; only a soft reset helps it.
 */
export function beginSuspend(xen: Hypervisor, kernel: Kernel, mode: SuspendMode): Result {
  if (kernel.lifecycle !== 'running') return fail('EBUSY');
  if (kernel.dead !== undefined && mode !== 'soft_reset') return fail('EFAULT');
  kernel.lifecycle = 'suspending';
  const detail = SUSPEND_MODES.indexOf(mode);
  xen.effects.emit(EFFECT.suspending, kernel.domain.domid, 0, 0, detail);
  return ok();
}

/**
 * The rest of a suspend, in the order of FreeBSD's xctrl_suspend: CPUs stop, the hypercall, the
 * resume hook of the interrupt layer, xenstore and console, and the drivers at last.
 *
 * - EINVAL: no suspend was begun. EFAULT: the guest has ended by a fault meanwhile.
 * - EINVAL: (real) `newDom` is reserved. EEXIST: (real) there is another domain `newDom`.
 * - EBUSY: (real) the domid is to be kept, and something refers to the old domain.
 */
export function finishSuspend(
  xen: Hypervisor,
  kernel: Kernel,
  options: ResumeOptions,
): Result<{ dom: Domid }> {
  if (kernel.lifecycle !== 'suspending') return fail('EINVAL');
  if (kernel.dead !== undefined && options.mode !== 'soft_reset') return fail('EFAULT');
  const from = kernel.domain.domid;
  const possible = options.mode === 'real' ? canRebuild(xen, kernel.domain, options.newDom) : ok();
  if (!possible.ok) return possible;
  if (options.mode !== 'failed') xen.effects.emit(EFFECT.suspended, from, 0, 0, 0);
  settle(xen, kernel, options);

  kernel.lifecycle = 'running';
  const { domid } = kernel.domain;
  xen.effects.emit(EFFECT.resumed, domid, 0, from, SUSPEND_MODES.indexOf(options.mode));
  return ok({ dom: domid });
}

function settle(xen: Hypervisor, kernel: Kernel, options: ResumeOptions): void {
  switch (options.mode) {
    case 'failed':
    case 'cancelled':
    case 'checkpoint':
      kernel.run(resume(kernel.layer, true));
      break;
    case 'uncooperative':
      kernel.run(resume(kernel.layer, false));
      rebindStore(kernel, kernel.known);
      break;
    case 'soft_reset':
      softReset(xen, kernel, options.precreate);
      break;
    case 'real': {
      const built = rebuildDomain(xen, kernel.domain, options.newDom);
      continueIn(xen, kernel, built, options.precreate);
    }
  }
}

/** The kernel goes on in a domain that has its memory, and none of its ports. */
export function continueIn(
  xen: Hypervisor,
  kernel: Kernel,
  domain: Domain,
  precreate: number,
): void {
  const ports = createToolstackPorts(xen, domain, precreate);
  kernel.moveTo(domain);
  kernel.run(resume(kernel.layer, false));
  rebindStore(kernel, ports);
}

/** Whether there can be a new domain `newDom`: asked before anything happens to the old one. */
function canRebuild(xen: Hypervisor, old: Domain, newDom: number): Result {
  if (newDom >= DOMID_FIRST_RESERVED) return fail('EINVAL');
  if (newDom === old.domid) return isReferredTo(xen, old) ? fail('EBUSY') : ok();
  return xen.domains.has(newDom) ? fail('EEXIST') : ok();
}

/** A new domain like the old one, with the old one's memory; the old one is destroyed. */
function rebuildDomain(xen: Hypervisor, old: Domain, newDom: number): Domain {
  const sameDomid = newDom === old.domid;
  if (sameDomid) destroyDomain(xen, undefined, old.domid);
  const created = createDomain(xen, {
    dom: newDom,
    guest: old.guest,
    privileged: old.privileged,
    vcpus: old.vcpus.length,
    vcpusUp: old.vcpus.filter(({ up }) => up).length,
    maxEvtchnPort: old.maxEvtchnPort,
    pages: old.memory.frames,
    paused: false,
  });
  assert(created.ok, 'nothing speaks against the new domain');
  const domain = xen.domains.get(created.value.dom)!;
  for (let gfn = 0; gfn < old.memory.usedFrames; gfn += 1) {
    domain.memory.page(gfn).set(old.memory.page(gfn));
  }
  if (!sameDomid) destroyDomain(xen, undefined, old.domid);
  return domain;
}

/** Kexec: every port is closed, vcpu_info goes back to shared_info, and a new kernel boots. */
function softReset(xen: Hypervisor, kernel: Kernel, precreate: number): void {
  const { domain } = kernel;
  reset(xen, domain, { dom: domain.domid });
  for (const vcpu of domain.vcpus) resetVcpuInfo(domain, vcpu);
  kernel.reboot();
  bindOwnPorts(kernel, createToolstackPorts(xen, domain, precreate));
}

/** libxl opens xenstore's port first in a new domain, and then the console's. */
export function createToolstackPorts(
  xen: Hypervisor,
  domain: Domain,
  precreate: number,
): ToolstackPorts {
  const open = (): Port => {
    const opened = allocUnbound(xen, domain, { dom: domain.domid, remoteDom: 0 });
    return opened.ok ? opened.value.port : 0;
  };
  for (let port = 0; port < precreate; port += 1) open();
  return { store: open(), console: open() };
}

/** The kernel attaches to xenstore and to its console, as it boots. */
export function bindOwnPorts(kernel: Kernel, ports: ToolstackPorts): void {
  kernel.known = ports;
  for (const [number, port] of [
    [STORE_HANDLE, ports.store],
    [CONSOLE_HANDLE, ports.console],
  ] as const) {
    const { ref } = kernel.handle(number);
    const handler = { token: 0, filter: false, ithread: true };
    kernel.run(bindLocalPort(kernel.layer, { port, handler }, ref));
  }
}

/**
 * xs_init_comms, and the console's like: unbinds the stale handle and binds the port again, by the
 * number that it remembers, or by the one that the toolstack tells now. The wrong number binds too.
 */
function rebindStore(kernel: Kernel, ports: ToolstackPorts): void {
  if (kernel.dead !== undefined || kernel.known.store === 0) return;
  if (kernel.rereadsStore) kernel.known = ports;
  for (const number of [STORE_HANDLE, CONSOLE_HANDLE]) {
    kernel.run(unbind(kernel.layer, kernel.handle(number).ref));
  }
  bindOwnPorts(kernel, kernel.known);
  if (kernel.known.store !== ports.store) {
    kernel.note({ kind: 'hang', lock: `xenstore: port ${kernel.known.store} is not its port` });
  }
}
