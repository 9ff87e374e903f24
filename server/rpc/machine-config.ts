import { ConfigError, Machine, XEN_VERSIONS } from '../../core/index.ts';
import type { MachineConfig, MachineOptions } from '../../core/index.ts';
import { XenVersion } from '../../proto/gen/evtchnd/v1/types.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/machine_service.ts';
import type { HostedMachine } from '../machines.ts';
import { refused } from './failure.ts';

/** A machine as a message says, without domains. What is 0 or absent has the core's default. */
export function createMachine(config?: proto.MachineConfig): Machine {
  try {
    return Machine.create(config === undefined ? {} : machineOptions(config));
  } catch (error) {
    if (error instanceof ConfigError) throw refused('BAD_ARGUMENT', error.message);
    throw error;
  }
}

function machineOptions(config: proto.MachineConfig): MachineOptions {
  const { limits } = config;
  return {
    ...(config.xen !== XenVersion.XEN_VERSION_UNSPECIFIED && { xen: xenVersion(config.xen) }),
    ...(config.seed !== 0 && { seed: config.seed }),
    checkInvariants: config.checkInvariants,
    resetSlicePorts: config.resetSlicePorts,
    limits: {
      ...(limits?.domains && { domains: limits.domains }),
      ...(limits?.guestPages && { guestPages: limits.guestPages }),
      ...(limits?.effects && { effects: limits.effects }),
      ...(limits?.journalBytes && { journalBytes: Number(limits.journalBytes) }),
    },
  };
}

/** The enum has the core's versions in the core's order, after UNSPECIFIED. */
function xenVersion(value: XenVersion): MachineConfig['xen'] {
  const version = XEN_VERSIONS[value - 1];
  if (version !== undefined) return version;
  throw refused('BAD_ARGUMENT', `xen ${value} is none: 1 to 3 are ${XEN_VERSIONS.join(', ')}`);
}

const configMessage = (config: MachineConfig): proto.MachineConfig => ({
  xen: (XEN_VERSIONS.indexOf(config.xen) + 1) as XenVersion,
  seed: config.seed,
  checkInvariants: config.checkInvariants,
  resetSlicePorts: config.resetSlicePorts,
  limits: { ...config.limits, journalBytes: BigInt(config.limits.journalBytes) },
});

export function machineMessage({ name, machine, createdAt }: HostedMachine): proto.Machine {
  const { retired, outbox } = machine;
  const ms = createdAt.getTime();
  return {
    machine: name,
    config: configMessage(machine.config),
    opCount: BigInt(machine.opCount),
    nowNs: BigInt(machine.nowNs),
    firstEffect: BigInt(outbox.firstSequence),
    lastEffect: BigInt(outbox.lastSequence),
    doms: machine.domains().map(({ dom }) => dom),
    retired: retired && { message: retired.message, op: BigInt(retired.op) },
    journalComplete: machine.journalComplete,
    createdAt: { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 },
  };
}
