import { KNOB_NAMES, VARIANTS, VARIANT_NAMES } from '../../core/index.ts';
import type { Fault, IsrcFields, KernelView, Knobs, SuspendMode } from '../../core/index.ts';
import { SUSPEND_MODES } from '../../core/index.ts';
import { FaultKind, GuestVariant } from '../../proto/gen/evtchnd/v1/guest.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/guest.ts';
import { HandlerKind } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { Guest, InterruptSource } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';

/** The core's kernels as messages, and back. Enums have the core's order, after UNSPECIFIED. */

export const suspendModeMessage = (mode: SuspendMode): proto.SuspendMode =>
  (SUSPEND_MODES.indexOf(mode) + 1) as proto.SuspendMode;

/** The mode that a request names; unspecified: real. */
export const suspendModeOf = (mode: proto.SuspendMode): SuspendMode | undefined =>
  mode === 0 ? 'real' : SUSPEND_MODES[mode - 1];

const FAULT_KINDS: Readonly<Record<Fault['kind'], FaultKind>> = {
  panic: FaultKind.PANIC,
  kassert: FaultKind.KASSERT,
  page_fault: FaultKind.PAGE_FAULT,
  oob_write: FaultKind.OOB_WRITE,
  corruption: FaultKind.CORRUPTION,
  hang: FaultKind.HANG,
  lost_event: FaultKind.LOST_EVENT,
  stray_event: FaultKind.STRAY_EVENT,
};

export const faultMessage = (fault: Fault, fatal: boolean): proto.Fault => ({
  kind: FAULT_KINDS[fault.kind],
  text: faultText(fault),
  port: 'port' in fault ? fault.port : undefined,
  fatal,
});

/** A fault as a phrase, such as `panic: EVTCHNOP_close failed` without its kind. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'panic':
    case 'kassert':
      return fault.text;
    case 'page_fault':
    case 'oob_write':
      return `${fault.array}[${fault.index}]`;
    case 'corruption':
      return fault.what;
    case 'hang':
      return fault.lock;
    case 'lost_event':
      return `the event of port ${fault.port} was cleared, and nobody was told`;
    case 'stray_event':
      return `port ${fault.port} on vCPU ${fault.vcpu} has no handler`;
  }
}

type GuestState = Omit<Guest, 'dom' | 'handles' | 'drivers'>;

/** What of a kernel stands in the machine. */
export function guestState(view: KernelView): GuestState {
  const owned = new Set(view.portToIsrc.map(({ port, isrc }) => `${port} ${isrc}`));
  return {
    variant: variantOf(view.knobs),
    knobs: KNOB_NAMES.map((name) => ({ name, value: String(view.knobs[name]) })),
    nr: view.nr,
    suspending: view.lifecycle === 'suspending',
    dead: view.dead && faultMessage(view.dead, true),
    faults: view.faults.map((fault) => faultMessage(fault, fault === view.dead)),
    log: [...view.log],
    sources: view.isrcs.map((isrc) => sourceMessage(isrc, owned)),
    storePort: view.store.store,
    consolePort: view.store.console,
  };
}

function variantOf(knobs: Knobs): GuestVariant {
  const index = VARIANT_NAMES.findIndex((name) =>
    KNOB_NAMES.every((knob) => VARIANTS[name][knob] === knobs[knob]),
  );
  return (index + 1) as GuestVariant;
}

const sourceMessage = (isrc: IsrcFields, owned: ReadonlySet<string>): InterruptSource => ({
  index: isrc.index,
  type: isrc.type,
  port: isrc.port,
  ownsPort: owned.has(`${isrc.port} ${isrc.index}`),
  cpu: isrc.cpu,
  virq: isrc.virq,
  handler: isrc.handler && { token: isrc.handler.token, kind: kindOf(isrc.handler) },
  close: isrc.close,
  masked: isrc.masked,
  refcount: isrc.refcount,
  ithreadRunning: isrc.ithreadRunning,
});

function kindOf({ filter, ithread }: NonNullable<IsrcFields['handler']>): HandlerKind {
  if (!filter) return HandlerKind.ITHREAD;
  return ithread ? HandlerKind.FILTER_AND_ITHREAD : HandlerKind.FILTER;
}

/** The variant that a request names; unspecified: the newest. */
export const variantIndex = (variant: GuestVariant): number =>
  variant === GuestVariant.UNSPECIFIED ? VARIANT_NAMES.indexOf('review-ideal') : variant - 1;
