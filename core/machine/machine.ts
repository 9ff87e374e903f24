import { fail } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { PortStatus } from '../public/event-channel.ts';
import { Hypervisor } from '../xen/hypervisor.ts';
import { status } from '../xen/notify.ts';
import { refusalOf } from './admission.ts';
import type { Answer, OutputOf, Refusal } from './answer.ts';
import { completeConfig } from './config.ts';
import type { MachineConfig, MachineOptions } from './config.ts';
import { Guests } from './guests.ts';
import { assertInvariants, violations } from './invariants.ts';
import { Journal } from './journal.ts';
import { journalLines, parseJournal } from './journal-text.ts';
import type { OpName, OpOf, Op } from './op.ts';
import { opInfo } from './op-table.ts';
import { Outbox } from './outbox.ts';
import { perform } from './perform.ts';
import { badArgument, isDomid, refuse, retirement } from './refuse.ts';
import { checkGuestImage, continueGuest, domainOf, saveGuest } from './domain-image.ts';
import type { GuestImage, RestoreOptions } from './domain-image.ts';
import { restoreState, takeSnapshot } from './snapshot.ts';
import type { MachineSnapshot } from './snapshot-format.ts';
import { debugKeyE } from './debug-key.ts';
import type { IsrcFields } from '../guest/isrc.ts';
import { kernelView, sourceOf } from './kernel-view.ts';
import type { KernelView } from './kernel-view.ts';
import * as view from './view.ts';

/** A port takes about as long to snapshot as an op to execute: so checkpoints cost a fourth. */
const CHECKPOINT_OPS_PER_PORT = 4;

/**
 * One virtual Xen host: a hypervisor and its domains. `execute` is the only way in; what came of
 * an op besides its answer stands in the outbox. The same ops on the same configuration give the
 * same state and the same effects, bit for bit.
 */
export class Machine {
  readonly config: MachineConfig;
  readonly outbox: Outbox;
  readonly #xen: Hypervisor;
  readonly #guests: Guests;
  /** Ops since #base: the snapshot, as JSON, of a restore or of the last checkpoint. */
  #journal = new Journal();
  #base: string | undefined;
  /** Ops that the journal must have before a checkpoint is worth its cost. */
  #checkpointOps = 0;
  #opCount: number;
  #retired: { readonly message: string; readonly op: number } | undefined;

  /** A machine without domains. Throws ConfigError where `options` is not possible. */
  static create(options: MachineOptions = {}): Machine {
    return new Machine(completeConfig(options));
  }

  /** The machine as it was when `snapshot` was taken. Throws SnapshotError if it is not whole. */
  static restore(snapshot: unknown): Machine {
    const { config, base, restore } = restoreState(snapshot);
    return new Machine(config, base, restore);
  }

  /** Runs a journal again. Throws JournalError, or SnapshotError for the base it starts from. */
  static replay(journalText: string): Machine {
    const { config, base, ops } = parseJournal(journalText);
    const machine = base === undefined ? Machine.create(config) : Machine.restore(base);
    for (const op of ops) machine.execute(op);
    return machine;
  }

  private constructor(
    config: MachineConfig,
    base?: MachineSnapshot,
    restore?: (xen: Hypervisor, guests: Guests) => void,
  ) {
    this.config = config;
    this.#base = base && JSON.stringify(base);
    this.#opCount = base?.opCount ?? 0;
    this.outbox = new Outbox(config.limits.effects, base?.lastEffect);
    this.#xen = new Hypervisor(config.xen, this.outbox, {
      resetSlicePorts: config.resetSlicePorts,
    });
    this.#guests = new Guests(this.#xen);
    restore?.(this.#xen, this.#guests);
  }

  /** Ops executed so far: the number of the last one. Refused ops are not counted. */
  get opCount(): number {
    return this.#opCount;
  }

  /** The virtual clock: system time of this host in ns. */
  get nowNs(): number {
    return this.#xen.nowNs;
  }

  /** The assertion that fired, and in which op. Such a machine only shows what it has. */
  get retired(): { readonly message: string; readonly op: number } | undefined {
    return this.#retired;
  }

  /** Whether the journal reaches back to the creation of the machine. */
  get journalComplete(): boolean {
    return this.#base === undefined;
  }

  /**
   * Executes one op to its end, and answers as Xen would. A hypercall needs a caller that could
   * make it; a memory access needs its domain; toolstack ops need privilege (EPERM).
   */
  execute<Name extends OpName>(op: OpOf<Name>): Answer<Name>;
  execute(op: Op): Answer;
  execute(op: Op): Answer {
    if (this.#retired !== undefined) return retirement(this.#retired);
    const info = opInfo(op.op);
    if (info === undefined) return refuse('bad_argument', `there is no op "${op.op}"`);
    const caller = this.#xen.domains.get(op.caller);
    if (caller === undefined && !isDomid(op.caller)) return badArgument(op, 'caller');
    const refusal = refusalOf(this.#xen, this.#guests, this.config, op, info, caller);
    if (refusal !== undefined) return refusal;
    if (this.#journal.bytes >= this.config.limits.journalBytes) this.#checkpoint();
    const bad = this.#journal.append(op, info);
    if (bad !== undefined) return badArgument(op, bad);

    this.#opCount += 1;
    this.outbox.op = this.#opCount;
    try {
      const answer = perform(this.#xen, this.#guests, op, info.family, caller);
      if (this.#guests.size > 0) this.#runGuests();
      if (this.config.checkInvariants) assertInvariants(this.#xen);
      return answer as Result<OutputOf<OpName>>;
    } catch (error) {
      return this.#retire(error);
    }
  }

  /**
   * The whole state as JSON-able data, with a hash over it. The journal is not in it. Throws
   * SnapshotError while a schedule holds threads.
   */
  snapshot(): MachineSnapshot {
    const { lastSequence } = this.outbox;
    return takeSnapshot(this.#xen, this.#guests, this.config, this.#opCount, lastSequence);
  }

  /** A second machine in the same state; its journal starts from here. */
  fork(): Machine {
    return Machine.restore(this.snapshot());
  }

  /** 16 hex digits over everything that a snapshot holds. */
  stateHash(): string {
    return this.snapshot().hash;
  }

  /** The journal as lines of text, to keep and to replay: docs/journal.md. */
  journalLines(): Iterable<string> {
    return journalLines(this.config, this.#base, this.#journal.ops());
  }

  /** The journal as one text. */
  journalText(): string {
    return `${[...this.journalLines()].join('\n')}\n`;
  }

  /** The ops since the beginning, or since the last checkpoint. */
  journalOps(): Iterable<Op> {
    return this.#journal.ops();
  }

  /** The invariants that do not hold; none in a machine that works. */
  invariantViolations(): string[] {
    return violations(this.#xen);
  }

  get domainCount(): number {
    return this.#xen.domains.size;
  }

  /** Ports that are bound, in all domains. */
  get activePorts(): number {
    return view.activePorts(this.#xen);
  }

  domains(): view.DomainView[] {
    return view.domains(this.#xen);
  }

  domain(dom: number): view.DomainView | undefined {
    return view.domain(this.#xen, dom);
  }

  /** The port, if it is valid, free or not. */
  port(dom: number, port: number): view.PortView | undefined {
    return view.port(this.#xen, dom, port);
  }

  /** Up to `max` ports of `dom` that are not free, from `from` on. */
  ports(dom: number, from: number, max: number): view.PortView[] {
    return view.ports(this.#xen, dom, from, max);
  }

  vcpu(dom: number, vcpu: number): view.VcpuView | undefined {
    return view.vcpu(this.#xen, dom, vcpu);
  }

  /** A copy of a page of `dom`; gfn -1 is shared_info. */
  page(dom: number, gfn: number): Uint8Array | undefined {
    return view.page(this.#xen, dom, gfn);
  }

  /** What Xen prints for its debug key 'e', for one domain or for all. */
  debugKeyE(dom?: number): string {
    return debugKeyE(this.#xen, dom);
  }

  /** EVTCHNOP_status as domain `caller` would have it answered, without executing anything. */
  statusAs(caller: number, dom: number, port: number): Result<PortStatus> {
    const domain = this.#xen.domains.get(caller);
    return domain === undefined ? fail('ESRCH') : status(this.#xen, domain, { dom, port });
  }

  /** Index in `watch(dom).words` of the vcpu_info of a vCPU that has one. */
  vcpuInfoWord(dom: number, vcpu: number): number | undefined {
    return view.vcpuInfoWord(this.#xen, dom, vcpu);
  }

  /** Frames of the FIFO event array of `dom`; none under the 2-level ABI. */
  arrayGfns(dom: number): readonly number[] {
    return this.#xen.domains.get(dom)?.fifo?.gfns ?? [];
  }

  controlBlock(dom: number, vcpu: number): view.VcpuView['controlBlock'] {
    return view.controlBlock(this.#xen, dom, vcpu);
  }

  /** The kernel of `dom`, as an inspector sees it. */
  guest(dom: number): KernelView | undefined {
    const kernel = this.#guests.kernel(dom);
    return kernel && kernelView(kernel);
  }

  /** The source of a handle in the kernel of `dom`: cheap, unlike `guest`. */
  guestSource(dom: number, handle: number): IsrcFields | undefined {
    return sourceOf(this.#guests.kernel(dom), handle);
  }

  /** The image of `dom`, whose suspend was begun. Throws SnapshotError where it was not. */
  saveGuest(dom: number): GuestImage {
    return saveGuest(this.#guests, dom);
  }

  /**
   * A new domain that goes on as the one of the image. What comes from outside is no op: the
   * journal starts anew from here. Throws SnapshotError for an image that is not whole.
   */
  restoreGuest(value: unknown, { dom, precreate }: RestoreOptions): Answer<'create_domain'> {
    const image = checkGuestImage(this.#guests, value);
    const created = this.execute(domainOf(image, dom));
    if (!created.ok) return created;
    try {
      continueGuest(this.#xen, this.#guests, created.value.dom, image, precreate);
      this.#runGuests();
      this.#startJournal();
      return created;
    } catch (error) {
      return this.#retire(error);
    }
  }

  /** What an observer may compare to find out whether the memory of `dom` changed. */
  watch(dom: number): view.MemoryWatch | undefined {
    return view.memoryWatch(this.#xen, dom);
  }

  /** What the op left for the guests to do, now that Xen has answered. */
  #runGuests(): void {
    this.#guests.forgetDestroyed();
    this.#guests.deliver();
  }

  /** Starts the journal anew from a snapshot, but seldom enough for its cost not to show. */
  #checkpoint(): void {
    if (this.#journal.count < this.#checkpointOps || this.#guests.hasThreads) return;
    const ports = this.domains().reduce((sum, { validPorts }) => sum + validPorts, 0);
    this.#checkpointOps = ports * CHECKPOINT_OPS_PER_PORT;
    if (this.#journal.count < this.#checkpointOps) return;
    this.#startJournal();
  }

  #startJournal(): void {
    this.#base = JSON.stringify(this.snapshot());
    this.#journal = new Journal();
  }

  #retire(error: unknown): Refusal {
    const message = error instanceof Error ? error.message : String(error);
    this.#retired = { message, op: this.#opCount };
    return retirement(this.#retired);
  }
}
