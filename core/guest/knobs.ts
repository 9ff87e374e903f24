/**
 * Where versions of FreeBSD's xen_intr.c differ, as data: one implementation reads them. Each
 * value names a behaviour that was shipped or proposed; docs/guest-layer.md says by which commit.
 */
export interface Knobs {
  /** What a source without a port holds: 0, which Xen reserves, or ~0, which is no port. */
  readonly sentinel: 'zero' | 'all-ones';
  /** When the sources count as exhausted: with more than NR of them, or with NR. */
  readonly allocGuard: 'gt' | 'ge';
  /** What release asks before it touches the port: nothing, a number in range, or its ownership. */
  readonly releaseGuard: 'none' | 'range' | 'owner';
  /** Whether that question is asked with the lock held. */
  readonly guardUnderLock: boolean;
  /** Whether bind detaches who still believes to own the port, and makes the port as new. */
  readonly bindRepair: boolean;
  /** Whether bind resets the flag that makes release close the port. */
  readonly closeResetOnBind: boolean;
  /** Whether the handle is given to the caller only once everything has succeeded. */
  readonly publishHandleLate: boolean;
  /** What bind_virq and bind_ipi give to unbind when they fail. */
  readonly unbindIndirection: 'wrong' | 'right';
  /** Whether the PIC's disable hooks leave a source without a port alone. */
  readonly disableHookGuard: boolean;
  /** Whether a vector that somebody else took is noticed. */
  readonly registerCheck: boolean;
  /** How resume gives VIRQs and IPIs their new ports. */
  readonly resume: 'rebuild' | 'in-place' | 'in-place-no-chain';
  /** Whether get_evtchn_from_port reads the table once, with the lock held. */
  readonly lookUpUnderLock: boolean;
  /** Whether bind_local_port refuses port 0, ports out of range and ports that have a source. */
  readonly localPortCheck: boolean;
  /** Whether signal sends only on a port that the source still owns. */
  readonly signalGuard: boolean;
  /** Whether the ithread's end leaves a port masked that was masked before. */
  readonly maskedState: boolean;
  /**
   * Which unused source is taken again: the lowest, or the one released last. The search for the
   * lowest once did not ask whether what it finds is a source of Xen's at all.
   */
  readonly recycle: 'lowest' | 'lifo' | 'lowest-unchecked';
  /** Assertions are compiled in: KASSERT panics. */
  readonly invariants: boolean;
  /** How the kernel takes its events: FreeBSD's 2-level scan, or a FIFO consumer as Linux's. */
  readonly abi: '2l' | 'fifo';
}

/** The values of each knob. Their places are the numbers of boot_guest's settings. */
export const KNOB_VALUES: { readonly [Name in keyof Knobs]: readonly Knobs[Name][] } = {
  sentinel: ['zero', 'all-ones'],
  allocGuard: ['gt', 'ge'],
  releaseGuard: ['none', 'range', 'owner'],
  guardUnderLock: [false, true],
  bindRepair: [false, true],
  closeResetOnBind: [false, true],
  publishHandleLate: [false, true],
  unbindIndirection: ['wrong', 'right'],
  disableHookGuard: [false, true],
  registerCheck: [false, true],
  resume: ['rebuild', 'in-place', 'in-place-no-chain'],
  lookUpUnderLock: [false, true],
  localPortCheck: [false, true],
  signalGuard: [false, true],
  maskedState: [false, true],
  recycle: ['lowest', 'lifo', 'lowest-unchecked'],
  invariants: [false, true],
  abi: ['2l', 'fifo'],
};

export const KNOB_NAMES = Object.keys(KNOB_VALUES) as (keyof Knobs)[];

/** `knobs` with single ones set: place of the knob, place of its value, and so on. */
export function withSettings(knobs: Knobs, settings: readonly number[]): Knobs {
  const set: Record<string, unknown> = { ...knobs };
  for (let at = 0; at + 1 < settings.length; at += 2) {
    const name = KNOB_NAMES[settings[at]!]!;
    set[name] = KNOB_VALUES[name][settings[at + 1]!];
  }
  return set as unknown as Knobs;
}

export const VARIANT_NAMES = ['old-2021', 'landed-2023', 'fixed-2024', 'review-ideal'] as const;

export type VariantName = (typeof VARIANT_NAMES)[number];

const OLD_2021: Knobs = {
  sentinel: 'zero',
  allocGuard: 'gt',
  releaseGuard: 'none',
  guardUnderLock: true,
  bindRepair: false,
  closeResetOnBind: false,
  publishHandleLate: false,
  unbindIndirection: 'wrong',
  disableHookGuard: false,
  registerCheck: false,
  resume: 'rebuild',
  lookUpUnderLock: false,
  localPortCheck: false,
  signalGuard: false,
  maskedState: true,
  recycle: 'lowest-unchecked',
  invariants: true,
  abi: '2l',
};

const LANDED_2023: Knobs = {
  ...OLD_2021,
  sentinel: 'all-ones',
  allocGuard: 'ge',
  releaseGuard: 'range',
  closeResetOnBind: true,
  registerCheck: true,
  resume: 'in-place',
  recycle: 'lowest',
};

const FIXED_2024: Knobs = {
  ...LANDED_2023,
  publishHandleLate: true,
  unbindIndirection: 'right',
  disableHookGuard: true,
  recycle: 'lifo',
};

const REVIEW_IDEAL: Knobs = {
  ...FIXED_2024,
  releaseGuard: 'owner',
  bindRepair: true,
  lookUpUnderLock: true,
  localPortCheck: true,
  signalGuard: true,
};

export const VARIANTS: Readonly<Record<VariantName, Knobs>> = {
  'old-2021': OLD_2021,
  'landed-2023': LANDED_2023,
  'fixed-2024': FIXED_2024,
  'review-ideal': REVIEW_IDEAL,
};
