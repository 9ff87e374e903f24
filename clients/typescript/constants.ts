/** Xen's names for numbers that calls take (public/xen.h, public/event_channel.h). */

/** In place of a domid: the domain that calls. */
export const DOMID_SELF = 0x7ff0;
/** The domid of Xen's I/O memory; no caller and no peer. */
export const DOMID_IO = 0x7ff1;
/** The domid of Xen itself. */
export const DOMID_XEN = 0x7ff2;

/** VIRQ_*. TIMER, DEBUG, XENOPROF and XENPMU are per vCPU, ARGO per domain, the others global. */
export const VIRQ = {
  TIMER: 0,
  DEBUG: 1,
  CONSOLE: 2,
  DOM_EXC: 3,
  TBUF: 4,
  DEBUGGER: 6,
  XENOPROF: 7,
  CON_RING: 8,
  PCPU_STATE: 9,
  MEM_EVENT: 10,
  ARGO: 11,
  ENOMEM: 12,
  XENPMU: 13,
  /** Machine checks, on x86. */
  ARCH_0: 16,
} as const;

/** Bit of `flags` of bindPirq: other guests may have the interrupt as well. */
export const BIND_PIRQ_WILL_SHARE = 1;

/** Bits of an event word of the FIFO ABI; the low 17 bits are LINK, the next port of the queue. */
export const EVENT_WORD = {
  PENDING: 0x8000_0000,
  MASKED: 0x4000_0000,
  LINKED: 0x2000_0000,
  BUSY: 0x1000_0000,
  LINK: 0x0001_ffff,
} as const;
