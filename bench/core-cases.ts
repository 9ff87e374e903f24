import {
  DOMID_SELF,
  DOMID_XEN,
  GUEST_KINDS,
  Machine,
  SHARED_INFO_LAYOUT,
  VARIANT_NAMES,
} from '../core/index.ts';
import { nsPer } from './measure.ts';

const OPS = 200_000;
/** A FIFO domain has 131 071 ports to give. */
const PORTS_A_DOMAIN = 100_000;
const LAYOUT = SHARED_INFO_LAYOUT.pv64;

/** Domain `dom`; under the FIFO ABI, with so many pages of event array, if it gets any. */
export function addDomain(machine: Machine, dom: number, arrayPages: number): void {
  machine.execute({
    op: 'create_domain',
    caller: DOMID_XEN,
    dom,
    guest: GUEST_KINDS.indexOf('pv64'),
    privileged: dom === 0 ? 1 : 0,
    vcpus: 1,
    vcpusUp: 1,
    maxEvtchnPort: 0xffff_ffff,
    pages: arrayPages + 1,
    paused: 0,
  });
  if (arrayPages === 0) return;
  machine.execute({ op: 'init_control', caller: dom, gfn: 0, offset: 0, vcpu: 0 });
  for (let gfn = 1; gfn <= arrayPages; gfn += 1) {
    machine.execute({ op: 'expand_array', caller: dom, gfn });
  }
}

/** A machine with `ports` bound ports, spread over as many domains as they need. */
function filled(ports: number, fifo: boolean): Machine {
  const machine = Machine.create({ limits: { effects: 4096 } });
  const most = fifo ? PORTS_A_DOMAIN : 4000;
  for (let dom = 1, left = ports; left > 0; dom += 1, left -= most) {
    addDomain(machine, dom, fifo ? Math.ceil(Math.min(left, most) / 1024) + 1 : 0);
    for (let port = 0; port < Math.min(left, most); port += 1) {
      machine.execute({ op: 'bind_ipi', caller: dom, vcpu: 0 });
    }
  }
  return machine;
}

/** Domains 30001 and 30002 with one channel between them: the pair that is measured. */
function addPair(machine: Machine, fifo: boolean): void {
  for (const dom of [30_001, 30_002]) addDomain(machine, dom, fifo ? 1 : 0);
  machine.execute({ op: 'alloc_unbound', caller: 30_001, dom: DOMID_SELF, remoteDom: 30_002 });
  machine.execute({ op: 'bind_interdomain', caller: 30_002, remoteDom: 30_001, remotePort: 1 });
}

const SEND = { op: 'send', caller: 30_002, port: 1 } as const;

/** Each send raises an upcall: the receiver's guest consumes the event in between, in its pages. */
function sends2l(ports: number): number {
  const machine = filled(ports, false);
  addPair(machine, false);
  const words = machine.watch(30_001)!.words;
  return nsPer(OPS, (count) => {
    for (let sent = 0; sent < count; sent += 1) {
      machine.execute(SEND);
      words[0] = 0; // upcall, selector, pending: in the order of a guest
      words[LAYOUT.selOffset >> 2] = 0;
      words[LAYOUT.pendingOffset >> 2] = 0;
    }
  });
}

function sendsFifo(ports: number): number {
  const machine = filled(ports, true);
  addPair(machine, true);
  const words = machine.watch(30_001)!.words;
  const [block, array] = [1024, 2048];
  return nsPer(OPS, (count) => {
    for (let sent = 0; sent < count; sent += 1) {
      machine.execute(SEND);
      words[0] = 0;
      words[block] = 0; // ready
      words[array + 1] = 0; // unlinked and no longer pending
    }
  });
}

/** The receiver is a kernel: each send goes through upcall and scan to a filter in process. */
function sendsToHandler(ports: number): number {
  const machine = filled(ports, false);
  addPair(machine, false);
  const variant = VARIANT_NAMES.indexOf('review-ideal');
  const kernel = { variant, nr: 0, precreate: -1, rereadsStore: 0, settings: [] };
  machine.execute({ op: 'boot_guest', caller: DOMID_XEN, dom: 30_001, ...kernel });
  const handler = { token: 1, filter: 1, ithread: 0, handle: 0, thread: 0 };
  machine.execute({ op: 'intr_bind_local_port', caller: 30_001, port: 1, ...handler });
  const before = machine.outbox.lastSequence;
  const time = nsPer(OPS, (count) => {
    for (let sent = 0; sent < count; sent += 1) machine.execute(SEND);
  });
  const kinds = machine.outbox.read(machine.outbox.lastSequence - 2, 3).effects;
  if (kinds.at(-1)?.kind !== 'filtered' || machine.outbox.lastSequence === before) {
    throw new Error('a send did not reach the handler');
  }
  return time;
}

/** Binds and closes the port after `ports` bound ones: two ops a turn. */
function bindAndClose(ports: number): number {
  const machine = Machine.create({ limits: { effects: 4096 } });
  addDomain(machine, 1, 1);
  for (let port = 0; port < ports; port += 1) {
    machine.execute({ op: 'bind_ipi', caller: 1, vcpu: 0 });
  }
  const port = ports + 1;
  return nsPer(OPS, (count) => {
    for (let op = 0; op < count; op += 2) {
      machine.execute({ op: 'bind_ipi', caller: 1, vcpu: 0 });
      machine.execute({ op: 'close', caller: 1, port });
    }
  });
}

/** What one op costs in a machine with so many bound ports, in ns. */
export const CORE_CASES = { sends2l, sendsFifo, sendsToHandler, bindAndClose } as const;

export type CoreCase = keyof typeof CORE_CASES;
