import { Lock } from '../lib/steps.ts';
import { EVENT_WORDS_PER_PAGE, EVTCHN_FIFO_MAX_QUEUES } from '../public/fifo.ts';
import type { GuestHost } from '../public/guest-host.ts';
import { INVALID_EVTCHN } from '../public/ids.ts';
import type { Port, VcpuId } from '../public/ids.ts';
import { EVTCHN_FIFO_NR_CHANNELS } from '../public/limits.ts';
import { EnabledPorts } from './enabled-ports.ts';
import { FatalFault } from './fault.ts';
import type { Fault } from './fault.ts';
import type { Handler, Isrc } from './isrc.ts';
import type { Knobs } from './knobs.ts';

/** Ports that the kernel's ABI can number. */
export const portsOf = (
  host: { readonly wordBits: number },
  { abi }: Pick<Knobs, 'abi'>,
): number => (abi === '2l' ? host.wordBits ** 2 : EVTCHN_FIFO_NR_CHANNELS);

/** What the layer tells the rest of its kernel, and whoever watches it. */
export interface LayerEvents {
  /** A handler of `isrc` must run: its filter in the upcall, or its ithread afterwards. */
  interrupt(isrc: Isrc, handler: Handler, stage: 'filter' | 'ithread', cpu: VcpuId): void;
  /** A fault that does not end the guest. */
  fault(fault: Fault): void;
  log(text: string): void;
}

/** Per-CPU state: `struct xen_intr_pcpu_data`. */
export interface CpuState {
  readonly enabled: EnabledPorts;
  /** Word and bit where the last scan ended. */
  lastL1: number;
  lastL2: number;
}

/** The state of one kernel's interrupt layer: the globals of FreeBSD's xen_intr.c. */
export class Layer {
  readonly knobs: Knobs;
  /** Another one after a resume in a new domain. */
  host: GuestHost;
  readonly events: LayerEvents;
  /** NR_EVENT_CHANNELS: ports, and vectors of Xen's range. */
  readonly nr: number;
  /** xen_intr_isrc_lock. */
  readonly lock = new Lock('xen-irq-lock');
  /** xen_intr_port_to_isrc. */
  readonly portToIsrc: (Isrc | undefined)[];
  /** Every source ever created, by index: xen_intr_auto_vector_count of them. */
  readonly isrcs: Isrc[] = [];
  /** Sources to be taken again, the last released at the end; only where `recycle` is lifo. */
  readonly freeList: Isrc[] = [];
  readonly cpus: readonly CpuState[];
  /** Vectors of Xen's range that a foreign driver took. */
  readonly foreignVectors = new Set<number>();
  /** FIFO: pages of the event array, and where each queue of each CPU goes on; 0: it is empty. */
  readonly fifo: { pages: number; readonly heads: readonly Port[][] };
  /** The next CPU that a PORT source goes to: intr_next_cpu. */
  nextCpu = 0;
  /** The next add_handler fails with this errno, once: for tests of error paths. */
  failNextHandler = 0;
  /** The same for intr_event_bind, which bind_virq calls. */
  failNextEventBind = 0;
  warnedExhausted = false;

  /** `nr`: at most the ports of the 2-level ABI; smaller tables make exhaustion testable. */
  constructor(host: GuestHost, knobs: Knobs, events: LayerEvents, nr = portsOf(host, knobs)) {
    this.host = host;
    this.knobs = knobs;
    this.events = events;
    this.nr = nr;
    this.portToIsrc = Array.from({ length: nr }, () => undefined);
    this.fifo = {
      pages: 0,
      heads: Array.from({ length: host.vcpus }, () =>
        Array.from({ length: EVTCHN_FIFO_MAX_QUEUES }, () => 0),
      ),
    };
    this.cpus = Array.from({ length: host.vcpus }, (_, cpu) => {
      const enabled = new EnabledPorts(portsOf(host, knobs));
      enabled.fill(cpu === 0);
      const last = host.wordBits - 1; // The first scan starts at port 0.
      return { enabled, lastL1: last, lastL2: last };
    });
  }

  /** What a source holds that has no port. */
  get noPort(): Port {
    return this.knobs.sentinel === 'zero' ? 0 : INVALID_EVTCHN;
  }

  /** is_valid_evtchn. */
  isValid(port: Port): boolean {
    return this.knobs.sentinel === 'zero' ? port !== 0 : port < this.nr;
  }

  /** Whether `isrc` has a port, and the table agrees that it is its own. */
  owns(isrc: Isrc): boolean {
    return isrc.port < this.nr && this.portToIsrc[isrc.port] === isrc;
  }

  /** Panics in a kernel with INVARIANTS. */
  kassert(holds: boolean, text: string): void {
    if (!holds && this.knobs.invariants) throw new FatalFault({ kind: 'kassert', text });
  }

  /** The bitmaps end at the ABI's last port, the event array with its last page: beyond, a fault. */
  checkBit(array: string, port: Port): void {
    const { abi } = this.knobs;
    if (port >= (abi === '2l' ? this.host.wordBits ** 2 : this.fifo.pages * EVENT_WORDS_PER_PAGE)) {
      throw new FatalFault({ kind: 'page_fault', array, index: port });
    }
  }

  /** Writes the port table, which ends where the port numbers should. */
  setPortToIsrc(port: Port, isrc: Isrc | undefined): void {
    if (port === INVALID_EVTCHN) {
      throw new FatalFault({ kind: 'page_fault', array: 'xen_intr_port_to_isrc', index: port });
    }
    if (port >= this.nr) {
      throw new FatalFault({ kind: 'oob_write', array: 'xen_intr_port_to_isrc', index: port });
    }
    this.portToIsrc[port] = isrc;
  }
}
