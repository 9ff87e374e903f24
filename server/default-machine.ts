import { DOMID_SELF, DOMID_XEN, GUEST_KINDS, Machine } from '../core/index.ts';
import type { Op, XenVersion } from '../core/index.ts';

const GUEST_PAGES = 160;
const NO_PORT_LIMIT = 0xffff_ffff;

/**
 * The machine that is there at start: dom0 with 2 vCPUs, and the guests 1 and 2 with 4 vCPUs
 * and ports up to 1023 each, all PV with 64 bits. Port 1 of domain 1 waits for domain 2, so that
 * there is something to see and to bind to.
 */
export function createDefaultMachine(xen: XenVersion): Machine {
  const machine = Machine.create({ xen, seed: 1 });
  const ops: Op[] = [
    createDomain(0, { privileged: 1, vcpus: 2, maxEvtchnPort: NO_PORT_LIMIT }),
    createDomain(1, { privileged: 0, vcpus: 4, maxEvtchnPort: 1023 }),
    createDomain(2, { privileged: 0, vcpus: 4, maxEvtchnPort: 1023 }),
    { op: 'alloc_unbound', caller: 1, dom: DOMID_SELF, remoteDom: 2 },
  ];
  for (const op of ops) {
    const answer = machine.execute(op);
    if (!answer.ok) throw new Error(`the default machine: ${op.op}: ${JSON.stringify(answer)}`);
  }
  return machine;
}

function createDomain(
  dom: number,
  options: { privileged: number; vcpus: number; maxEvtchnPort: number },
): Op {
  return {
    op: 'create_domain',
    caller: DOMID_XEN,
    dom,
    guest: GUEST_KINDS.indexOf('pv64'),
    vcpusUp: options.vcpus,
    pages: GUEST_PAGES,
    paused: 0,
    ...options,
  };
}
