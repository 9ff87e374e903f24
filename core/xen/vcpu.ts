import { NR_VIRQS } from '../public/virq.ts';
import type { Port, VcpuId } from '../public/ids.ts';
import type { FifoVcpu } from './event-fifo.ts';
import type { GuestMemory, WordIndex } from './guest-memory.ts';

/** SCHEDOP_poll waits for any of several ports, or only for the timeout. */
export const POLL_ANY = -1;

/** Where a vCPU's vcpu_info lies. */
export interface VcpuInfoPlace {
  readonly memory: GuestMemory;
  readonly word: WordIndex;
  /** The guest's frame, -1 for shared_info, -2 for Xen's dummy, which no guest sees. */
  readonly gfn: number;
  readonly offset: number;
}

export const DUMMY_GFN = -2;

/** Xen's side of one virtual CPU. */
export class Vcpu {
  readonly id: VcpuId;
  info: VcpuInfoPlace;
  /** Whether VCPUOP_initialise was done once, and whether the vCPU is up now. */
  initialised = false;
  up = false;
  /** Asleep in SCHEDOP_poll: 0 no, POLL_ANY, or the one port that is polled. */
  pollPort: Port | typeof POLL_ANY = 0;
  /** System time in ns at which the poll ends by itself; 0: never. */
  pollDeadline = 0;
  /** VIRQ → port, 0 if it is not bound here. Xen's `virq_to_evtchn`. */
  readonly virqToPort: Port[] = Array.from({ length: NR_VIRQS }, () => 0);
  /** Set up with the domain's first control block. */
  fifo: FifoVcpu | undefined;

  constructor(id: VcpuId, info: VcpuInfoPlace) {
    this.id = id;
    this.info = info;
  }
}
