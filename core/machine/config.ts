import { GUEST_PAGES_MAX } from '../public/limits.ts';
import { XEN_VERSIONS, XEN_VERSION_DEFAULT } from '../public/versions.ts';
import type { XenVersion } from '../public/versions.ts';

/** Bounds of one machine, besides those of Xen itself. */
export interface MachineLimits {
  /** Domains that exist at once, dying ones included. */
  readonly domains: number;
  /** vCPUs of all domains together: about half a kilobyte each. */
  readonly vcpus: number;
  /** Frames of guest memory of all domains together: 4 KiB each. */
  readonly guestPages: number;
  /** Effects kept for readers; older ones become a gap. 24 bytes each. */
  readonly effects: number;
  /** Bytes of ops kept since the last checkpoint; the journal then starts from a snapshot. */
  readonly journalBytes: number;
}

export interface MachineConfig {
  /** The release of Xen whose behaviour the machine has. */
  readonly xen: XenVersion;
  /** For everything that chance decides; unsigned 32-bit. */
  readonly seed: number;
  /** Check every invariant after every op. Costs time in proportion to the machine. */
  readonly checkInvariants: boolean;
  /** A reset is preempted after this many ports, a multiple of 64; 0: never. */
  readonly resetSlicePorts: number;
  readonly limits: MachineLimits;
}

export type MachineOptions = Partial<Omit<MachineConfig, 'limits'>> & {
  readonly limits?: Partial<MachineLimits>;
};

const DEFAULT_LIMITS: MachineLimits = {
  domains: 1024,
  vcpus: 8192, // Two domains with as many as one may have.
  guestPages: 64 * GUEST_PAGES_MAX, // 1 GiB of address space; untouched pages cost nothing.
  effects: 65_536,
  journalBytes: 64 * 1024 * 1024,
};

/** What each limit may be set to. */
export const LIMIT_RANGES: Readonly<Record<keyof MachineLimits, readonly [number, number]>> = {
  domains: [1, 32_000], // Fewer than there are domids, so that a free one is always found.
  vcpus: [1, 2 ** 20],
  guestPages: [0, 2 ** 20],
  effects: [256, 2 ** 22],
  journalBytes: [64 * 1024, 2 ** 31],
};

/** A configuration that no machine can have: the message says what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export function completeConfig(options: MachineOptions): MachineConfig {
  const config: MachineConfig = {
    xen: options.xen ?? XEN_VERSION_DEFAULT,
    seed: options.seed ?? 1,
    checkInvariants: options.checkInvariants ?? false,
    resetSlicePorts: options.resetSlicePorts ?? 0,
    limits: { ...DEFAULT_LIMITS, ...options.limits },
  };
  if (!XEN_VERSIONS.includes(config.xen)) {
    throw new ConfigError(`xen is "${config.xen}", not one of ${XEN_VERSIONS.join(', ')}`);
  }
  checkRange('seed', config.seed, 0, 0xffff_ffff);
  checkRange('resetSlicePorts', config.resetSlicePorts, 0, 131_072);
  if (config.resetSlicePorts % 64 !== 0) {
    throw new ConfigError(`resetSlicePorts is ${config.resetSlicePorts}, not a multiple of 64`);
  }
  for (const [name, [low, high]] of Object.entries(LIMIT_RANGES)) {
    checkRange(`limits.${name}`, config.limits[name as keyof MachineLimits], low, high);
  }
  return config;
}

function checkRange(name: string, value: number, low: number, high: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new ConfigError(`${name} is ${value}, not a whole number from ${low} to ${high}`);
}
