import { describe, expect, it } from 'vitest';
import { violations } from '../../../core/machine/invariants.ts';
import { allocUnbound, bindInterdomain, bindIpi } from '../../../core/xen/bind.ts';
import { createDomain, destroyDomain } from '../../../core/xen/domctl.ts';
import { EVENT_2L } from '../../../core/xen/event-2l.ts';
import { FREE, IPI, RESERVED } from '../../../core/xen/evtchn.ts';
import type { Binding } from '../../../core/xen/evtchn.ts';
import { initControl } from '../../../core/xen/fifo-setup.ts';
import { Hypervisor } from '../../../core/xen/hypervisor.ts';
import { bindPirq, mapPirq } from '../../../core/xen/pirq.ts';
import { bindVirq, setVirqHandler } from '../../../core/xen/virq.ts';

/*
 * Ports of domain 1: 1 an IPI, 2 bound to port 1 of domain 2, 3 VIRQ 0 of vCPU 1, 4 PIRQ 5.
 * Domain 2 is on FIFO and handles VIRQ 2.
 */
function hypervisor() {
  const xen = new Hypervisor('4.20', { emit() {} });
  for (const dom of [1, 2]) {
    createDomain(xen, {
      dom,
      guest: 'pv64',
      privileged: false,
      vcpus: 2,
      vcpusUp: 2,
      maxEvtchnPort: 1023,
      pages: 4,
      paused: false,
    });
  }
  const [one, two] = [xen.domains.get(1)!, xen.domains.get(2)!];
  bindIpi(xen, one, { vcpu: 0 });
  allocUnbound(xen, two, { dom: 2, remoteDom: 1 });
  bindInterdomain(xen, one, { remoteDom: 2, remotePort: 1 });
  bindVirq(xen, one, { virq: 0, vcpu: 1 });
  mapPirq(xen, { dom: 1, irq: 5, pirq: 5 });
  bindPirq(xen, one, { pirq: 5, flags: 0 });
  initControl(xen, two, { gfn: 0, offset: 0, vcpu: 0 });
  setVirqHandler(xen, { dom: 2, virq: 2 });
  return { xen, one, two, port: (number: number) => one.ports.get(number)! };
}

type World = ReturnType<typeof hypervisor>;

/** Gives a port another binding behind the back of the port table, as a bug would. */
const rebind = ({ port }: World, number: number, binding: Binding) => {
  port(number).binding = binding;
};

const CORRUPTIONS: readonly { what: string; make: (world: World) => void; says: string }[] = [
  {
    what: 'a port that is reserved',
    make: (world) => rebind(world, 1, RESERVED),
    says: 'domain 1: port 1 is reserved',
  },
  {
    what: 'port 0 that can be had',
    make: (world) => rebind(world, 0, FREE),
    says: 'domain 1: port 0 is free',
  },
  {
    what: 'a port that has another number',
    make: ({ port }) => Object.assign(port(1), { port: 9 }),
    says: 'domain 1: port 1 believes it is 9',
  },
  {
    what: 'a port that notifies no vCPU',
    make: ({ port }) => Object.assign(port(1), { notifyVcpu: 2 }),
    says: 'domain 1: port 1 notifies no vCPU',
  },
  {
    what: 'a port that is free, and not among the free ones',
    make: (world) => rebind(world, 1, FREE),
    says: 'domain 1: port 1 is free, and the free ports say otherwise',
  },
  {
    what: 'a port that is bound, and among the free ones',
    make: (world) => rebind(world, 9, IPI),
    says: 'domain 1: port 9 is ipi, and the free ports say otherwise',
  },
  {
    what: 'a wrong number of active ports',
    make: ({ one }) => Object.assign(one, { activePorts: 5 }),
    says: 'domain 1: 4 ports are active, not 5',
  },
  {
    what: 'a wrong number of ports of Xen',
    make: ({ port }) => Object.assign(port(1), { xenConsumer: true }),
    says: "domain 1: 1 ports are Xen's, not 0",
  },
  {
    what: 'a dying domain with open ports',
    make: ({ one }) => Object.assign(one, { life: 'dying' }),
    says: 'domain 1: dying with 4 open ports',
  },
  {
    what: 'a peer that does not point back',
    make: ({ two }) => Object.assign(two.ports.get(1)!, { binding: IPI }),
    says: 'domain 1: port 2: its peer does not point back',
  },
  {
    what: 'a peer that points to another port',
    make: ({ one, two, port }) =>
      Object.assign(two.ports.get(1)!, {
        binding: { state: 'interdomain', remote: one, peer: port(3) },
      }),
    says: 'domain 1: port 2: its peer does not point back',
  },
  {
    what: 'a peer whose domain is gone',
    make: ({ xen }) => xen.domains.delete(2),
    says: 'domain 1: port 2: no peer',
  },
  {
    what: 'a VIRQ’s port of which its vCPU does not know',
    make: ({ one }) => one.vcpu(1).virqToPort.fill(0),
    says: 'domain 1: port 3: VIRQ points elsewhere',
  },
  {
    what: 'a VIRQ that points at a port which is not its own',
    make: ({ one }) => {
      one.vcpu(0).virqToPort[1] = 1;
    },
    says: 'domain 1: VIRQ 1 of vCPU 0 points at port 1, which is not its own',
  },
  {
    what: 'a PIRQ’s port of which the PIRQ does not know',
    make: ({ one }) => Object.assign(one.pirqs.get(5)!, { port: 0 }),
    says: 'domain 1: port 4: PIRQ points elsewhere',
  },
  {
    what: 'an event array without the FIFO ABI',
    make: ({ two }) => Object.assign(two, { abi: EVENT_2L }),
    says: 'domain 2: the ABI and the event array disagree',
  },
  {
    what: 'a vCPU without queues under FIFO',
    make: ({ two }) => Object.assign(two.vcpu(1), { fifo: undefined }),
    says: 'domain 2: vCPU 1: queues without FIFO, or FIFO without',
  },
  {
    what: 'a queue whose tail is no port',
    make: ({ two }) => {
      two.vcpu(1).fifo!.tails[15] = 64;
    },
    says: 'domain 2: vCPU 1: tail 64',
  },
  {
    what: 'a vCPU that sleeps uncounted',
    make: ({ one }) => Object.assign(one.vcpu(0), { pollPort: 3 }),
    says: 'domain 1: 1 vCPUs poll, not 0',
  },
  {
    what: 'a VIRQ handler that is gone',
    make: ({ xen }) => xen.domains.delete(2),
    says: 'VIRQ 2: its handler is gone',
  },
];

describe('the check of invariants', () => {
  it('finds nothing in a host that works', () => {
    expect(violations(hypervisor().xen)).toEqual([]);
  });

  it('finds nothing after everything is gone', () => {
    const { xen } = hypervisor();
    for (const dom of [1, 2]) destroyDomain(xen, undefined, dom);

    expect(violations(xen)).toEqual([]);
  });

  for (const { what, make, says } of CORRUPTIONS) {
    it(`finds ${what}`, () => {
      const world = hypervisor();

      make(world);

      expect(violations(world.xen)).toContain(says);
    });
  }
});
