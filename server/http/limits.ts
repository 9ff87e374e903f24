/** Bounds of the HTTP side: whatever its clients do, the machines do not notice. */

/** Entries of a list in one answer, unless the client asks for fewer or more. */
export const PAGE_LIMIT_DEFAULT = 100;
/** The most it may ask for: about 300 KB of JSON, written in a few milliseconds. */
export const PAGE_LIMIT_MAX = 1000;

/** Ports that one request looks at when its filter lets few through; `next_after` goes on. */
export const PORTS_SCANNED_MAX = 16_384;

/**
 * Journals and port dumps on their way to clients. Each may be hundreds of megabytes, and a
 * client that reads slowly holds all of it.
 */
export const LARGE_ANSWERS_MAX = 8;

/** Nothing here has a body: whatever is sent is refused before it is read. */
export const BODY_BYTES_MAX = 1024;
/** Room for a URL, a token and a browser's cookies. */
export const HEADER_BYTES_MAX = 8192;

/** Sockets open at once; more are refused by the kernel's side of accept. */
export const CONNECTIONS_MAX = 1024;
/** A client that dribbles its request is cut off, so that it cannot hold sockets (slowloris). */
export const HEADERS_TIMEOUT_MS = 5_000;
export const REQUEST_TIMEOUT_MS = 10_000;
/** How often Node looks for sockets past those two timeouts. */
export const TIMEOUT_CHECK_MS = 1_000;
export const KEEP_ALIVE_TIMEOUT_MS = 30_000;

/** Per client address: generous for dashboards and scripts, a stop for a loop gone wild. */
export const REQUESTS_PER_WINDOW_MAX = 60_000;
export const RATE_WINDOW_MS = 60_000;
/** Addresses the limiter remembers; the least recently seen is forgotten first. */
export const RATE_ADDRESSES_MAX = 5_000;

/**
 * Mean delay of the event loop beyond which inspection is refused, for the machines' sake. There
 * is no bound on its utilisation: a busy Session keeps it at 1 and all is well.
 */
export const EVENT_LOOP_DELAY_MAX_MS = 1_000;
/** Part of V8's heap limit beyond which inspection is refused. */
export const HEAP_USED_MAX_RATIO = 0.9;
/** Told to clients that are refused for a while. */
export const RETRY_AFTER_SECONDS = 10;

/** Names listed in a "there is no such machine" answer. */
export const NAMES_TOLD_MAX = 20;

/** How long a stream may take to its end once the server stops. */
export const STREAM_GRACE_MS = 1_000;

/** What tests make smaller. */
export interface StreamLimits {
  /** Effect streams open at once, over all machines. */
  readonly streamsMax: number;
  /** Of these, from one client address, so that nobody takes them all. */
  readonly streamsPerAddressMax: number;
  /** Effects read from an outbox at a time: what a subscriber costs besides its socket's buffer. */
  readonly effectsPerRead: number;
  /** A comment line this often tells proxies, and the client, that the stream lives. */
  readonly heartbeatMs: number;
  /** A socket on which no byte moved for so long is closed: its reader stopped or vanished. */
  readonly stalledMs: number;
}

export const STREAM_LIMITS: StreamLimits = {
  streamsMax: 256,
  streamsPerAddressMax: 64,
  effectsPerRead: 128,
  heartbeatMs: 15_000,
  stalledMs: 120_000,
};
