import type * as proto from '../../../proto/gen/evtchnd/v1/machine_service.ts';
import { domainConfigToProto } from './domain-view.ts';
import type { DomainConfig } from './domain-view.ts';
import { xenFromProto, xenToProto } from './names.ts';
import type { XenVersion } from './names.ts';

/** How a machine behaves, and how large it may grow. */
export interface MachineConfig {
  /** Default: the newest. */
  readonly xen?: XenVersion;
  /** Seeds every choice that the machine makes by chance. Default: 1. */
  readonly seed?: number;
  /** Check the invariants after every op; a violation retires the machine. Slow. */
  readonly checkInvariants?: boolean;
  /** EVTCHNOP_reset answers ERESTART after as many ports, a multiple of 64; 0: never. */
  readonly resetSlicePorts?: number;
  readonly limits?: Partial<MachineLimits>;
}

/** The service's own limits, not Xen's: beyond them calls are refused (LIMIT). */
export interface MachineLimits {
  /** Domains at a time. */
  readonly domains: number;
  /** Pages of guest memory, all domains together. */
  readonly guestPages: number;
  /** Latest effects that are kept for watchers. */
  readonly effects: number;
  /** Bytes of journal; older ops are forgotten then. */
  readonly journalBytes: number;
}

/** What a machine is made with. */
export interface NewMachine extends MachineConfig {
  /** Letters, digits, '.', '_' and '-'; 1 to 64 of them, the first a letter or digit. */
  readonly name: string;
  /** Domains to start with. Default: none; dom0 has to be made before anything else. */
  readonly domains?: readonly DomainConfig[];
}

/** A machine as it is now. */
export interface MachineView {
  readonly name: string;
  readonly xen: XenVersion;
  readonly seed: number;
  readonly checkInvariants: boolean;
  readonly resetSlicePorts: number;
  readonly limits: MachineLimits;
  /** Ops executed so far. */
  readonly opCount: number;
  /** Virtual time in ns. */
  readonly nowNs: number;
  /** Sequence number of the oldest effect that is still kept. */
  readonly firstEffect: number;
  /** Sequence number of the latest effect; 0: there was none. */
  readonly lastEffect: number;
  /** Domids, ascending. */
  readonly doms: readonly number[];
  /** Set when an assertion of the service fired: the machine shows its journal only. */
  readonly retired?: { readonly message: string; readonly op: number };
  /** The journal reaches back to the machine's creation. */
  readonly journalComplete: boolean;
  readonly createdAt?: Date;
}

export function machineConfigToProto(config: MachineConfig): proto.MachineConfig {
  return {
    xen: xenToProto(config.xen),
    seed: config.seed ?? 0,
    checkInvariants: config.checkInvariants ?? false,
    resetSlicePorts: config.resetSlicePorts ?? 0,
    limits: config.limits && {
      domains: config.limits.domains ?? 0,
      guestPages: config.limits.guestPages ?? 0,
      effects: config.limits.effects ?? 0,
      journalBytes: BigInt(config.limits.journalBytes ?? 0),
    },
  };
}

export const newMachineToProto = (machine: NewMachine): proto.CreateMachineRequest => ({
  machine: machine.name,
  config: machineConfigToProto(machine),
  domains: (machine.domains ?? []).map(domainConfigToProto),
});

export function machineFromProto(machine: proto.Machine | undefined): MachineView {
  if (machine === undefined) throw new TypeError('the service told of no machine');
  const { config, retired, createdAt } = machine;
  const limits = config?.limits;
  return {
    name: machine.machine,
    xen: xenFromProto(config?.xen ?? 0),
    seed: config?.seed ?? 0,
    checkInvariants: config?.checkInvariants ?? false,
    resetSlicePorts: config?.resetSlicePorts ?? 0,
    limits: {
      domains: limits?.domains ?? 0,
      guestPages: limits?.guestPages ?? 0,
      effects: limits?.effects ?? 0,
      journalBytes: Number(limits?.journalBytes ?? 0),
    },
    opCount: Number(machine.opCount),
    nowNs: Number(machine.nowNs),
    firstEffect: Number(machine.firstEffect),
    lastEffect: Number(machine.lastEffect),
    doms: machine.doms,
    ...(retired !== undefined && { retired: { message: retired.message, op: Number(retired.op) } }),
    journalComplete: machine.journalComplete,
    ...(createdAt !== undefined && { createdAt: dateOf(createdAt) }),
  };
}

const dateOf = ({ seconds, nanos }: NonNullable<proto.Machine['createdAt']>): Date =>
  new Date(Number(seconds) * 1000 + nanos / 1e6);
