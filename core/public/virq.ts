/** VIRQ numbers (public/xen.h). Those not named here are unused or belong to an architecture. */
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
  /** VIRQ_ARCH_0: machine checks, on x86. */
  ARCH_0: 16,
} as const;

export const NR_VIRQS = 24;
