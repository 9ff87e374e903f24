import type { Result } from './errno.ts';
import type { Domid, Port, VcpuId } from './ids.ts';

/** A guest's side of the FIFO ABI: its control blocks and its event words, one access each. */
export interface FifoHost {
  /** Empties the control block of a vCPU and gives it to Xen. */
  initControl(vcpu: VcpuId): Result;
  /** Masks every event of the page with this number and gives it to Xen. */
  expandArray(page: number): Result;
  /** Reads and clears the ready word of a vCPU. */
  takeReady(vcpu: VcpuId): number;
  head(vcpu: VcpuId, queue: number): Port;
  /** Clears LINKED and LINK; answers the LINK that was: 0 at the end of the queue. */
  unlink(port: Port): Port;
  /** Whether the event is PENDING and not MASKED. */
  isActive(port: Port): boolean;
  /** Clears MASKED unless Xen is BUSY with the word; answers what else stands in it. */
  clearMasked(port: Port): 'idle' | 'pending' | 'busy';
}

/**
 * What a guest kernel has of the host that it runs on: hypercalls, and atomic accesses to the
 * pages that it shares with Xen. Ports index the bitmaps; a word holds `wordBits` of them.
 */
export interface GuestHost {
  readonly wordBits: 32 | 64;
  readonly vcpus: number;

  allocUnbound(remoteDom: Domid): Result<{ readonly port: Port }>;
  bindInterdomain(remoteDom: Domid, remotePort: Port): Result<{ readonly localPort: Port }>;
  bindVirq(virq: number, vcpu: VcpuId): Result<{ readonly port: Port }>;
  bindIpi(vcpu: VcpuId): Result<{ readonly port: Port }>;
  bindVcpu(port: Port, vcpu: VcpuId): Result;
  close(port: Port): Result;
  send(port: Port): Result;
  unmask(port: Port): Result;

  /** What only a guest with the FIFO ABI does. */
  readonly fifo: FifoHost;

  /** Sets the mask bit; answers whether it was set before. */
  testAndSetMask(port: Port): boolean;
  maskAll(): void;
  clearPending(port: Port): void;
  /** 32 pending bits that are not masked, from port `index` * 32 on. */
  activePorts(index: number): number;
  clearUpcall(vcpu: VcpuId): void;
  /** Reads and clears the selector of a vCPU: low and high 32 bits. */
  takeSelector(vcpu: VcpuId): readonly [number, number];
}
