/** Bounds of the event-channel ABIs, and the bounds that this model adds to them. */

export const PAGE_SIZE = 4096;
export const PAGE_SHIFT = 12;
export const WORDS_PER_PAGE = PAGE_SIZE / 4;

/** Ports become valid a bucket at a time: Xen puts as many `struct evtchn` in a page. */
export const EVTCHNS_PER_BUCKET = 64;

/** FIFO: the LINK field of an event word has 17 bits, so there are 2^17 ports. */
export const EVTCHN_FIFO_LINK_BITS = 17;
export const EVTCHN_FIFO_NR_CHANNELS = 1 << EVTCHN_FIFO_LINK_BITS;

/** `max_evtchn_port` is stored as a signed int: larger values mean "no limit of its own". */
export const MAX_EVTCHN_PORT = 0x7fff_ffff;

/** SCHEDOP_poll refuses more ports in one call. */
export const POLL_PORTS_MAX = 128;

/** MAX_VIRT_CPUS of this model; Xen's is larger for PV guests, and nobody has needed more. */
export const VCPUS_MAX = 4096;
/** HVM_MAX_VCPUS (public/hvm/hvm_info_table.h); arm64 has the same number. */
export const HVM_VCPUS_MAX = 128;

/** vCPUs whose vcpu_info lies in shared_info from the start: XEN_LEGACY_MAX_VCPUS. */
export const X86_LEGACY_MAX_VCPUS = 32;
export const ARM_LEGACY_MAX_VCPUS = 1;

/** Frames of a guest's memory unless said: as many as the recordings had, enough for a FIFO array. */
export const GUEST_PAGES_DEFAULT = 160;
/** Guest memory of this model is for shared structures only: 16 MiB hold every one of them. */
export const GUEST_PAGES_MAX = 4096;

/** Global interrupt sources of the modelled host, and PIRQs a guest has beyond them. */
export const NR_GSIS = 24;
export const EXTRA_DOMU_PIRQS = 32;
export const EXTRA_DOM0_PIRQS = 256;
