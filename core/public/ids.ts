/** `domid_t` values that name no ordinary domain (public/xen.h). */
export const DOMID_FIRST_RESERVED = 0x7ff0;
export const DOMID_SELF = 0x7ff0;
export const DOMID_IO = 0x7ff1;
export const DOMID_XEN = 0x7ff2;

/** `domid_t`: 0 is the control domain; ordinary domains lie below DOMID_FIRST_RESERVED. */
export type Domid = number;

/** `evtchn_port_t`, an unsigned 32-bit number. Port 0 is reserved; no port is INVALID_EVTCHN. */
export type Port = number;

/** Index of a vCPU in its domain. */
export type VcpuId = number;

/** `~0`: what a guest holds in place of a port when it has none. Never 0, which Xen reserves. */
export const INVALID_EVTCHN = 0xffff_ffff;
