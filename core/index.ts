/** The door to the core: everything else under core/ is private to it. */
export { InvariantViolation } from './lib/assert.ts';
export { hash64 } from './lib/hash.ts';
export { EFFECT_KINDS } from './public/effect.ts';
export type { EffectKind } from './public/effect.ts';
export { ERRNO, returnValue } from './public/errno.ts';
export type { Errno, Failure, Ok, Result } from './public/errno.ts';
export * from './public/event-channel.ts';
export * from './public/fifo.ts';
export * from './public/ids.ts';
export * from './public/limits.ts';
export * from './public/shared-info.ts';
export * from './public/virq.ts';
export type { Fault } from './guest/fault.ts';
export type { IsrcFields } from './guest/isrc.ts';
export { KNOB_NAMES, KNOB_VALUES, VARIANTS, VARIANT_NAMES } from './guest/knobs.ts';
export type { Knobs, VariantName } from './guest/knobs.ts';
export { DOMAIN_IMAGE_FORMAT } from './machine/domain-image.ts';
export type { GuestImage, RestoreOptions } from './machine/domain-image.ts';
export { INJECTIONS } from './machine/guests.ts';
export type { KernelView } from './machine/kernel-view.ts';
export { SUSPEND_MODES } from './machine/suspend.ts';
export type { SuspendMode } from './machine/suspend.ts';
export { errnoOf, isRefusal } from './machine/answer.ts';
export type {
  Answer,
  OutputOf,
  Outputs,
  PortStatus,
  Refusal,
  RefusalReason,
} from './machine/answer.ts';
export { ConfigError, LIMIT_RANGES } from './machine/config.ts';
export type { MachineConfig, MachineLimits, MachineOptions } from './machine/config.ts';
export type { Effect } from './machine/effect.ts';
export { JOURNAL_FORMAT, JournalError } from './machine/journal-text.ts';
export { Machine } from './machine/machine.ts';
export { MEMORY_ACTIONS, OP_ARGUMENTS, SHARED_INFO_GFN } from './machine/op.ts';
export type { Op, OpName, OpOf } from './machine/op.ts';
export type { EffectBatch } from './machine/outbox.ts';
export { SNAPSHOT_FORMAT, SnapshotError } from './machine/snapshot-format.ts';
export type { MachineSnapshot } from './machine/snapshot-format.ts';
export type { DomainView, MemoryWatch, PortView, VcpuView } from './machine/view.ts';
export { SCENARIO_FORMAT } from './scenario/format.ts';
export type { Scenario } from './scenario/format.ts';
export { InvariantChecker } from './scenario/invariants.ts';
export type { InvariantName, Violation } from './scenario/invariants.ts';
export { outcomeName, outcomeText } from './scenario/outcome.ts';
export type { Outcome } from './scenario/outcome.ts';
export { parseScenario } from './scenario/parse.ts';
export { ScenarioError } from './scenario/reader.ts';
export { expectedOutcome, runScenario } from './scenario/run.ts';
export type { ScenarioResult, StoryRow } from './scenario/run.ts';
export { storyText } from './scenario/story-text.ts';
export type { Choice } from './scenario/world.ts';
export { XEN_VERSIONS, XEN_VERSION_DEFAULT } from './public/versions.ts';
export type { XenVersion } from './public/versions.ts';
export { compare } from './trace/compare.ts';
export type { Difference } from './trace/compare.ts';
export { ExportError, exportTrace } from './trace/export.ts';
export { TRACE_FORMAT } from './trace/lines.ts';
export type * from './trace/lines.ts';
export { TraceError, parseTrace } from './trace/parse.ts';
export { planReplay } from './trace/plan.ts';
export type { PlannedStep, ReplayPlan } from './trace/plan.ts';
export { Recorder } from './trace/recorder.ts';
export type { RecordStep, RecordedLine } from './trace/recorder.ts';
export { replayTrace } from './trace/replay.ts';
export type { ReplayReport } from './trace/replay.ts';
