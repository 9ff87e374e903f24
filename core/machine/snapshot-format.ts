import type { GuestKind } from '../public/shared-info.ts';
import type { Life } from '../xen/domain.ts';
import type { Evtchn } from '../xen/evtchn.ts';
import type { KernelImage } from './kernel-image.ts';
import type { MachineConfig } from './config.ts';

export const SNAPSHOT_FORMAT = 'evtchnd-snapshot/1';

/** A snapshot that cannot be restored: the message says what is wrong with it. */
export class SnapshotError extends Error {
  override readonly name = 'SnapshotError';
}

/** A machine between two ops, as JSON-able data. Only what differs from a new domain is listed. */
export interface MachineSnapshot {
  readonly format: typeof SNAPSHOT_FORMAT;
  /** hash64 over the rest. */
  readonly hash: string;
  readonly config: MachineConfig;
  readonly opCount: number;
  readonly lastEffect: number;
  readonly nowNs: number;
  readonly domidRover: number;
  readonly dummyVcpuInfo: PageImage[];
  /** [VIRQ, domid of its handler]. */
  readonly virqHandlers: readonly (readonly [number, number])[];
  readonly irqs: readonly { irq: number; shareable: boolean; guests: readonly number[] }[];
  readonly domains: readonly DomainImage[];
  readonly kernels: readonly KernelImage[];
}

export interface DomainImage {
  readonly domid: number;
  readonly guest: GuestKind;
  readonly privileged: boolean;
  readonly vcpuCount: number;
  readonly maxEvtchnPort: number;
  readonly pages: number;
  readonly validPorts: number;
  readonly ports: readonly PortImage[];
  readonly vcpus: readonly VcpuImage[];
  /** [PIRQ, IRQ or -1, port]. */
  readonly pirqs: readonly (readonly [number, number, number])[];
  /** Frames of the event array, while the ABI is FIFO. */
  readonly fifo: readonly number[] | null;
  readonly resetPort: number;
  readonly ioreqServers: number;
  readonly pauseCount: number;
  readonly life: Life;
  readonly target: number | null;
  readonly memory: readonly PageImage[];
}

/**
 * A port that ever was in use: [port, state, a, b, vcpu, flags, priority, last vCPU, last
 * priority]. a, b: the remote domid and port, or the VIRQ or PIRQ. flags: 1 Xen consumes, 2 latched.
 */
export type PortImage = readonly [
  port: number,
  state: Evtchn['binding']['state'],
  a: number,
  b: number,
  vcpu: number,
  flags: number,
  priority: number,
  lastVcpu: number,
  lastPriority: number,
];

export interface VcpuImage {
  readonly id: number;
  readonly initialised: boolean;
  readonly up: boolean;
  readonly pollPort: number;
  readonly pollDeadline: number;
  /** [frame, offset] of a vcpu_info in the guest's own memory. */
  readonly info: readonly [number, number] | null;
  /** [frame, offset] of the control block. */
  readonly block: readonly [number, number] | null;
  readonly tails: readonly number[];
  /** [VIRQ, port]. */
  readonly virqs: readonly (readonly [number, number])[];
}

/** [page of the memory, base64]: 0 is shared_info. Pages of zeros are left out. */
export type PageImage = readonly [number, string];
