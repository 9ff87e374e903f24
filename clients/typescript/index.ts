/** The TypeScript client of evtchnd: README.md has the tour. */
export { Client, connect, DEFAULT_MACHINE } from './client.ts';
export * from './constants.ts';
export { ERRNO } from './errno.ts';
export type { ErrnoName } from './errno.ts';
export { ConnectionError, EvtchndError, RefusedError, XenError } from './errors.ts';
export { Machine } from './machine.ts';
export type { Nanoseconds, Page } from './page.ts';
export type { BatchOp, Who } from './batch/batch-op.ts';
export type { AtomicAccess, AtomicAction } from './batch/memory-ops.ts';
export { op } from './batch/ops.ts';
export { unwrap } from './batch/outcome.ts';
export type { Done, Failed, Outcome, Outcomes, Refused } from './batch/outcome.ts';
export { Session } from './batch/session.ts';
export type { SessionOptions } from './batch/session.ts';
export { Domain } from './domain/domain.ts';
export type { Toolstack } from './domain/domain.ts';
export type { Memory, Place } from './domain/memory.ts';
export { Port } from './domain/port.ts';
export type { PortNumber } from './domain/port.ts';
export type { PollResult } from './domain/vcpu-calls.ts';
export type { SuspendOptions, SuspendResult } from './domain/suspend.ts';
export { Vcpu } from './domain/vcpu.ts';
export type { Word } from './domain/word.ts';
export { Driver } from './driver/driver.ts';
export type { DriverOptions } from './driver/driver.ts';
export type { Bound } from './driver/handle-calls.ts';
export type { Interrupt, InterruptHandler } from './driver/interrupts.ts';
export type { Cancelled, Resumed, Suspending } from './driver/lifecycle.ts';
export { Recording } from './trace/recording.ts';
export type { RecordingOptions, RecordStep } from './trace/recording.ts';
export type { Difference, ReplayReport } from './trace/replay.ts';
export type { DomainConfig, DomainView } from './views/domain-view.ts';
export { EFFECT_KINDS } from './views/effect.ts';
export type { Effect, EffectGap, EffectKind, MachineReplaced } from './views/effect.ts';
export { GUEST_VARIANTS, SUSPEND_MODES } from './views/guest.ts';
export type {
  Fate,
  Fault,
  GuestOptions,
  GuestVariant,
  GuestView,
  HandleFate,
  InterruptSource,
  SuspendMode,
} from './views/guest.ts';
export type {
  MachineConfig,
  MachineLimits,
  MachineView,
  NewMachine,
} from './views/machine-view.ts';
export { GUEST_KINDS, XEN_VERSIONS } from './views/names.ts';
export type { EvtchnState, GuestKind, PortAbi, XenVersion } from './views/names.ts';
export type { FifoPortView, PortStatus, PortView } from './views/port-view.ts';
export type { ControlBlock, VcpuView } from './views/vcpu-view.ts';
export type { EffectOptions, EffectRecord } from './watch/effects.ts';
export type { WatchOptions } from './watch/resume.ts';
export type { Upcall, UpcallOptions } from './watch/upcalls.ts';
export { ADDRESS_VARIABLE, DEFAULT_ADDRESS } from './wire/address.ts';
export type { ConnectOptions } from './wire/wire.ts';
