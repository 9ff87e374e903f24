import { assert } from '../lib/assert.ts';
import type { Domid, Port, VcpuId } from '../public/ids.ts';
import { MAX_EVTCHN_PORT } from '../public/limits.ts';
import { SHARED_INFO_LAYOUT, VCPU_INFO_UPCALL_MASK, isPv } from '../public/shared-info.ts';
import type { GuestKind, SharedInfoLayout } from '../public/shared-info.ts';
import { EVENT_2L } from './event-2l.ts';
import type { FifoArray } from './event-fifo.ts';
import { GuestMemory } from './guest-memory.ts';
import type { PortAbi } from './port-abi.ts';
import { PortTable } from './port-table.ts';
import { DUMMY_GFN, Vcpu } from './vcpu.ts';

export interface DomainOptions {
  readonly domid: Domid;
  readonly guest: GuestKind;
  readonly privileged: boolean;
  readonly vcpus: number;
  /** vCPUs 0 to vcpusUp - 1 run from the start. */
  readonly vcpusUp: number;
  /** The highest port the domain may have; larger than MAX_EVTCHN_PORT means no such limit. */
  readonly maxEvtchnPort: number;
  /** Frames of guest memory. */
  readonly pages: number;
}

/** A PIRQ of a domain: the host's IRQ behind it, and the port it is bound to (0: none). */
export interface Pirq {
  irq: number | undefined;
  port: Port;
}

/** Alive; dying, with its ports closed, while something still refers to it. */
export type Life = 'alive' | 'dying';

/** One domain as event channels see it: `struct domain`. */
export class Domain {
  readonly domid: Domid;
  readonly guest: GuestKind;
  readonly layout: SharedInfoLayout;
  readonly privileged: boolean;
  readonly maxEvtchnPort: number;
  readonly memory: GuestMemory;
  readonly vcpus: readonly Vcpu[];
  readonly ports = new PortTable();
  readonly pirqs = new Map<number, Pirq>();

  /** The ABI in use: 2-level until the first control block, and again after a reset. */
  abi: PortAbi = EVENT_2L;
  /** The event array, while the ABI is FIFO. */
  fifo: FifoArray | undefined;
  /** Ports that are neither free nor reserved, and those among them that Xen consumes. */
  activePorts = 0;
  xenPorts = 0;
  ioreqServers = 0;
  /** Where a preempted reset goes on; 0: none is in progress. Xen's `next_evtchn`. */
  resetPort: Port = 0;
  /** The toolstack's pauses that are not yet undone. */
  pauseCount = 0;
  life: Life = 'alive';
  /** The domain that this one is the device model of. */
  target: Domain | undefined;
  /** How many of its vCPUs sleep in SCHEDOP_poll. */
  pollers = 0;
  readonly #dummy: GuestMemory;

  constructor(options: DomainOptions, dummy: GuestMemory) {
    this.domid = options.domid;
    this.guest = options.guest;
    this.layout = SHARED_INFO_LAYOUT[options.guest];
    this.privileged = options.privileged;
    this.maxEvtchnPort = Math.min(options.maxEvtchnPort, MAX_EVTCHN_PORT);
    this.memory = new GuestMemory(options.pages);
    this.#dummy = dummy;
    this.vcpus = Array.from({ length: options.vcpus }, (_, id) => {
      const vcpu = new Vcpu(id, this.initialInfo(id));
      vcpu.up = vcpu.initialised = id < options.vcpusUp;
      return vcpu;
    });
    if (isPv(this.guest)) this.#maskUpcalls();
  }

  vcpu(id: VcpuId): Vcpu {
    const vcpu = this.vcpus[id];
    assert(vcpu !== undefined, 'a port notifies a vCPU that its domain has');
    return vcpu;
  }

  /** Ports that the ABI can number. */
  get portsMax(): number {
    return this.abi.portsMax(this);
  }

  /** In shared_info for the first vCPUs; the others share Xen's dummy until they register one. */
  initialInfo(id: VcpuId): Vcpu['info'] {
    const dummy = this.#dummy;
    if (id >= this.layout.legacyVcpus) {
      return { memory: dummy, word: dummy.wordAt(-1, 0), gfn: DUMMY_GFN, offset: 0 };
    }
    const offset = id * this.layout.vcpuInfoSize;
    return { memory: this.memory, word: this.memory.wordAt(-1, offset), gfn: -1, offset };
  }

  /** The domain builder starts every vcpu_info of a PV guest with its upcalls masked. */
  #maskUpcalls(): void {
    for (let id = 0; id < this.layout.legacyVcpus; id += 1) {
      this.memory.writeByte(id * this.layout.vcpuInfoSize + VCPU_INFO_UPCALL_MASK, 1);
    }
  }
}
