import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { XenVersion } from '../core/index.ts';

/** Everything that a user can set: server/flags.ts has the flags and their environment variables. */
export interface Config {
  /** HOST:PORT of gRPC over TCP; loopback only. Port 0: one that is free. */
  readonly grpcAddress: string;
  /** HOST:PORT of HTTP; loopback only. Port 0: one that is free. */
  readonly httpAddress: string;
  /** Path of the Unix socket of gRPC; undefined: none. */
  readonly socket: string | undefined;
  /** What is logged: a level of pino. */
  readonly logLevel: LogLevel;
  /** The release of Xen that the machine `default` behaves as. */
  readonly xen: XenVersion;
  readonly bounds: Bounds;
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Bounds that tests make smaller, and that an operator may want to move. */
export interface Bounds {
  /** Machines at once. Each costs about 100 KiB while it is idle, and its journal. */
  readonly machines: number;
  /** Streams of one kind on one machine (sessions, watchers of effects, …): a leak stops there. */
  readonly streamsPerMachine: number;
  /** How long calls may go on once the server drains, before they are cut off. */
  readonly drainMs: number;
}

/** Where the Unix socket lies unless it is set: in the user's own folder if there is one. */
export const defaultSocket = (): string =>
  join(process.env['XDG_RUNTIME_DIR'] || tmpdir(), 'evtchnd.sock');

export const DEFAULT_BOUNDS: Bounds = {
  machines: 256,
  streamsPerMachine: 1024,
  drainMs: 5_000,
};

export function completeConfig(config: Partial<Config> = {}): Config {
  return {
    grpcAddress: '127.0.0.1:50051',
    httpAddress: '127.0.0.1:8080',
    socket: defaultSocket(),
    logLevel: 'info',
    xen: '4.22',
    bounds: DEFAULT_BOUNDS,
    ...config,
  };
}

/** The machine that requests mean when they name none. */
export const DEFAULT_MACHINE = 'default';

/** gRPC's customary limit: what is larger comes in chunks, or is a mistake. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** Chunks of snapshots, journals and traces: small beside the event loop's turn. */
export const CHUNK_BYTES = 64 * 1024;

/** Most that a client may upload in chunks: a snapshot of the largest machine, a huge trace. */
export const UPLOAD_BYTES_MAX = 256 * 1024 * 1024;

/** Ops in one batch: about 2 ms of work, after which other connections get their turn. */
export const BATCH_OPS_MAX = 4096;

/** Effects read from an outbox into one message, and so held for one reader. */
export const EFFECTS_PER_MESSAGE = 256;

/** Pages in one answer: 1 MiB. */
export const PAGES_PER_READ_MAX = 256;

/** Entries of a list in one answer. */
export const LIST_ENTRIES_MAX = 1024;

/** Calls that one connection has open at once; the next waits until one ends. */
export const CALLS_PER_CONNECTION_MAX = 1000;

/** A connection on which nothing came for so long is asked whether it still lives. */
export const KEEPALIVE_MS = 30_000;
/** A client that does not answer that is gone, and its streams end. */
export const KEEPALIVE_TIMEOUT_MS = 10_000;
/** Differences of a replay that are told one by one; all are counted. */
export const DIFFERENCES_TOLD_MAX = 1000;

/** How long replay and export work before other connections get their turn. */
export const SLICE_MS = 10;

/** Drivers that a machine keeps sessions for, attached or not. */
export const DRIVER_SESSIONS_MAX = 1024;

/** How long a driver's bindings outlive its stream, unless it says, and at most. */
export const LEASE_MS_DEFAULT = 10_000;
export const LEASE_MS_MAX = 600_000;

/** How long drivers may take to quiesce, unless the request says, and at most. */
export const SUSPEND_MS_DEFAULT = 30_000;
export const SUSPEND_MS_MAX = 600_000;

/** Bytes of a driver's name, of a handle's description, and of why a driver refuses. */
export const DRIVER_NAME_BYTES_MAX = 64;
export const DESCRIPTION_BYTES_MAX = 255;

/** An image of a domain is one message: this leaves room for the rest of it. */
export const IMAGE_BYTES_MAX = 3 * 1024 * 1024;

/** Text of a scenario of a client's own: its parser bounds steps and domains besides. */
export const SCENARIO_BYTES_MAX = 256 * 1024;

/** Machines that requests may name: also what a file or a URL takes without quoting. */
export const MACHINE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
