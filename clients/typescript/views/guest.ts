import * as proto from '../../../proto/gen/evtchnd/v1/guest.ts';
import { HandlerKind } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type * as intr from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';

/** Versions of FreeBSD's xen_intr.c that a guest can have; the default is 'review-ideal'. */
export const GUEST_VARIANTS = ['old-2021', 'landed-2023', 'fixed-2024', 'review-ideal'] as const;
export type GuestVariant = (typeof GUEST_VARIANTS)[number];

/**
 * What a suspend becomes. 'real': a new domain takes the guest's memory and vCPUs, and no port.
 * 'cancelled', 'checkpoint': nothing has changed. 'uncooperative': the guest takes it for a new
 * domain, but all is as it was. 'failed': a driver refused. 'soft_reset': another kernel takes over.
 */
export const SUSPEND_MODES = [
  'real',
  'cancelled',
  'checkpoint',
  'uncooperative',
  'failed',
  'soft_reset',
] as const;
export type SuspendMode = (typeof SUSPEND_MODES)[number];

/**
 * What a resume did to a handle. 'kept': nothing. 'rebound': it has a new port by itself. 'stale':
 * it has none, and its driver unbinds it and binds anew. 'gone': there is no such handle any more.
 */
export type Fate = 'kept' | 'rebound' | 'stale' | 'gone';

export interface HandleFate {
  readonly handle: number;
  readonly fate: Fate;
  /** Its port now; 0 if it has none. */
  readonly port: number;
}

/** What a guest boots with. */
export interface GuestOptions {
  readonly variant?: GuestVariant;
  /** Single knobs that differ from the variant, such as `{ releaseGuard: 'range' }`. */
  readonly knobs?: Readonly<Record<string, string | boolean>>;
  /** Ports and vectors of its tables. Default: those of its 2-level ABI. */
  readonly nr?: number;
  /** It has neither xenstore nor a console. */
  readonly noStore?: boolean;
  /** Ports that the toolstack opens before xenstore's. Default: 0. */
  readonly precreate?: number;
  /** It asks for xenstore's port again after a resume. Default: it remembers it, as FreeBSD does. */
  readonly rereadsStore?: boolean;
}

/** Something that a guest's kernel did wrong. */
export interface Fault {
  readonly kind: Lowercase<Exclude<keyof typeof proto.FaultKind, 'UNSPECIFIED'>> | 'unknown';
  readonly text: string;
  readonly port?: number;
  /** The guest has ended by it. */
  readonly fatal: boolean;
}

/** An interrupt source of a guest: FreeBSD's struct xenisrc. */
export interface InterruptSource extends Omit<intr.InterruptSource, 'handler'> {
  readonly handler?: {
    readonly token: number;
    readonly filter: boolean;
    readonly ithread: boolean;
  };
}

/** A guest's kernel, as an inspector sees it. */
export interface GuestView {
  readonly dom: number;
  /** Undefined: its knobs are those of no variant. */
  readonly variant: GuestVariant | undefined;
  readonly knobs: Readonly<Record<string, string>>;
  readonly nr: number;
  readonly suspending: boolean;
  /** The fault that ended it. */
  readonly dead?: Fault;
  readonly faults: readonly Fault[];
  readonly log: readonly string[];
  readonly sources: readonly InterruptSource[];
  /** Handles that hold a source; `source` is its index. */
  readonly handles: readonly intr.Handle[];
  readonly storePort: number;
  readonly consolePort: number;
  readonly drivers: readonly intr.DriverSession[];
}

export const guestConfigToProto = (options: GuestOptions): proto.GuestConfig => ({
  variant: numberOf(GUEST_VARIANTS, options.variant, 'variant') as proto.GuestVariant,
  knobs: Object.entries(options.knobs ?? {}).map(([name, value]) => ({
    name,
    value: String(value),
  })),
  nr: options.nr ?? 0,
  noStore: options.noStore ?? false,
  precreate: options.precreate ?? 0,
  rereadsStore: options.rereadsStore ?? false,
});

export const suspendModeToProto = (mode?: SuspendMode): proto.SuspendMode =>
  numberOf(SUSPEND_MODES, mode, 'suspend mode') as proto.SuspendMode;

export const suspendModeFromProto = (mode: proto.SuspendMode): SuspendMode =>
  SUSPEND_MODES[mode - 1] ?? 'real';

const FATES: readonly Fate[] = ['kept', 'rebound', 'stale', 'gone'];

export const fateFromProto = ({ handle, fate, port }: proto.HandleFate): HandleFate => ({
  handle,
  fate: FATES[fate - 1] ?? 'gone',
  port,
});

const FAULT_NAMES = Object.keys(proto.FaultKind).slice(1);

export const faultFromProto = ({ kind, text, port, fatal }: proto.Fault): Fault => ({
  kind: (FAULT_NAMES[kind - 1]?.toLowerCase() ?? 'unknown') as Fault['kind'],
  text,
  ...(port !== undefined && { port }),
  fatal,
});

export const guestFromProto = (guest: intr.Guest): GuestView => ({
  dom: guest.dom,
  variant: GUEST_VARIANTS[guest.variant - 1],
  knobs: Object.fromEntries(guest.knobs.map(({ name, value }) => [name, value])),
  nr: guest.nr,
  suspending: guest.suspending,
  ...(guest.dead !== undefined && { dead: faultFromProto(guest.dead) }),
  faults: guest.faults.map(faultFromProto),
  log: guest.log,
  sources: guest.sources.map(sourceFromProto),
  handles: guest.handles,
  storePort: guest.storePort,
  consolePort: guest.consolePort,
  drivers: guest.drivers,
});

function sourceFromProto({ handler, ...rest }: intr.InterruptSource): InterruptSource {
  if (handler === undefined) return rest;
  const { token, kind } = handler;
  const filter = kind === HandlerKind.FILTER || kind === HandlerKind.FILTER_AND_ITHREAD;
  return { ...rest, handler: { token, filter, ithread: kind !== HandlerKind.FILTER } };
}

function numberOf<Name extends string>(
  names: readonly Name[],
  name: Name | undefined,
  what: string,
): number {
  if (name === undefined) return 0;
  const index = names.indexOf(name);
  if (index >= 0) return index + 1;
  throw new TypeError(`"${name}" is no ${what}: choose one of ${names.join(', ')}`);
}
