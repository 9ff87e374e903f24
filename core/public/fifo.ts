/** The FIFO event-channel ABI (public/event_channel.h): event words and control blocks. */

export const EVTCHN_FIFO_PENDING = 1 << 31;
export const EVTCHN_FIFO_MASKED = 1 << 30;
export const EVTCHN_FIFO_LINKED = 1 << 29;
export const EVTCHN_FIFO_BUSY = 1 << 28;
export const EVTCHN_FIFO_LINK_MASK = (1 << 17) - 1;

/** Event words of one page of the array. */
export const EVENT_WORDS_PER_PAGE = 1024;

/** 16 queues a vCPU; 0 is the most urgent. */
export const EVTCHN_FIFO_MAX_QUEUES = 16;
export const EVTCHN_FIFO_PRIORITY_MAX = 0;
export const EVTCHN_FIFO_PRIORITY_DEFAULT = 7;
export const EVTCHN_FIFO_PRIORITY_MIN = 15;

/** `struct evtchn_fifo_control_block`: u32 ready, u32 reserved, u32 head[16]. Offsets in words. */
export const CONTROL_BLOCK_READY = 0;
export const CONTROL_BLOCK_HEAD = 2;
export const CONTROL_BLOCK_SIZE = 72;
export const CONTROL_BLOCK_ALIGN = 8;
