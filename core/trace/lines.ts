import type { GuestKind } from '../public/shared-info.ts';

/** The lines of xen-evtchn-trace/1, one JSON object each: docs/trace-format.md. */

export const TRACE_FORMAT = 'xen-evtchn-trace/1';

export interface HeaderLine {
  readonly format: typeof TRACE_FORMAT;
  readonly xen: string;
  readonly xen_build?: string;
  readonly guest: 'pv64' | 'pv32' | 'mixed';
  readonly abi: '2l' | 'fifo';
  readonly scenario: string;
  readonly note?: string;
  readonly domains: readonly HeaderDomain[];
}

export interface HeaderDomain {
  readonly id: number;
  readonly privileged: boolean;
  readonly vcpus?: number;
  readonly max_evtchn_port?: number;
  /** Recordings say pv64 or pv32; exported histories any kind. */
  readonly guest?: GuestKind;
  readonly vcpus_up?: number;
  readonly hvm?: boolean;
  /** false: an HVM guest that stays paused, and is not observed. */
  readonly runs?: boolean;
  /** Frames of guest memory, in exported histories. */
  readonly pages?: number;
}

/** What was asked, and what Xen answered. */
export interface OpLine {
  readonly i: number;
  readonly caller: number;
  readonly caller_vcpu?: number;
  readonly op: string;
  readonly in: Readonly<Record<string, unknown>>;
  readonly rc?: number;
  readonly errno?: string;
  readonly out?: Readonly<Record<string, unknown>>;
  /** Stands for this many equal calls, all answered 0. */
  readonly repeat?: number;
  readonly first_port?: number;
  readonly last_port?: number;
  readonly blocked?: boolean;
  readonly idle?: boolean;
}

/** The script asked for something that could not run: no effect. */
export interface SkippedLine {
  readonly i: number;
  readonly skipped: string;
  readonly op: string;
}

/** A run [a, b] of ports, or a single one. */
export type PortRun = number | readonly [number, number];

export interface VcpuState {
  readonly id: number;
  readonly upcall_pending: number;
  readonly upcall_mask: number;
  readonly sel: string;
}

export interface ControlState {
  readonly vcpu: number;
  readonly ready: string;
  readonly heads: Readonly<Record<string, number>>;
}

export interface FifoState {
  readonly control?: readonly ControlState[];
  /** Port or run "a-b" → event word. */
  readonly words?: Readonly<Record<string, string>>;
}

/** State of a domain's shared pages after op `i`: what changed, or everything if `full`. */
export interface ObserveLine {
  readonly i: number;
  readonly observe: number;
  readonly full?: true;
  readonly pending?: readonly PortRun[];
  readonly masked?: readonly PortRun[];
  readonly vcpus?: readonly VcpuState[];
  readonly fifo?: FifoState;
}

/** EVTCHNOP_status of one port, or of a run of ports with equal answers. */
export interface AuditPort {
  readonly port: number;
  readonly to?: number;
  readonly status: number;
  readonly state: string;
  readonly vcpu: number;
  readonly remote_dom?: number;
  readonly remote_port?: number;
  readonly pirq?: number;
  readonly virq?: number;
}

/** dom0 asked for the status of every port of `audit`, from 0 on. */
export interface AuditLine {
  readonly i: number;
  readonly audit: number;
  readonly ports: readonly AuditPort[];
  readonly scanned: number;
  readonly stop_rc: number;
}

export interface EndLine {
  readonly end: true;
  readonly ops: number;
}

export type BodyLine = OpLine | SkippedLine | ObserveLine | AuditLine;

export interface Trace {
  /** File name or scenario, for messages. */
  readonly name: string;
  readonly header: HeaderLine;
  /** Line n of the text is body[n - 2]. */
  readonly body: readonly BodyLine[];
  readonly end: EndLine;
}
