import { DomainServiceService as toolstack } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { EventChannelServiceService as methods } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { TraceServiceService as traces } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { BatchOp } from './batch/batch-op.ts';
import { outcomesOf } from './batch/outcome.ts';
import type { Outcomes } from './batch/outcome.ts';
import { Session } from './batch/session.ts';
import type { SessionOptions } from './batch/session.ts';
import { Domain } from './domain/domain.ts';
import type { Toolstack } from './domain/domain.ts';
import { nanoseconds } from './page.ts';
import type { Nanoseconds } from './page.ts';
import { Recording } from './trace/recording.ts';
import type { RecordingOptions } from './trace/recording.ts';
import { bytesOf, textOf } from './trace/text.ts';
import { domainConfigToProto, domainFromProto } from './views/domain-view.ts';
import type { DomainConfig, DomainView } from './views/domain-view.ts';
import { machineFromProto } from './views/machine-view.ts';
import type { MachineView } from './views/machine-view.ts';
import { watchEffects } from './watch/effects.ts';
import type { EffectOptions, EffectRecord } from './watch/effects.ts';
import type { Wire } from './wire/wire.ts';

/**
 * A virtual Xen host. The object is a name: that the machine exists shows when it is used. Every
 * method throws RefusedError NO_MACHINE where it does not, and ConnectionError.
 */
export class Machine {
  readonly name: string;
  readonly #wire: Wire;

  constructor(wire: Wire, name: string) {
    this.#wire = wire;
    this.name = name;
  }

  /** A domain by its domid, 0 to 32751. */
  domain(dom: number): Domain {
    return new Domain(this.#wire, this.name, dom);
  }

  /** All domains, by domid, the dying ones too. */
  async domains(): Promise<DomainView[]> {
    const { domains } = await this.#wire.read(toolstack.listDomains, this.#named);
    return domains.map(domainFromProto);
  }

  /**
   * XEN_DOMCTL_createdomain, with memory and vCPUs: the domain can make hypercalls at once. Its
   * ports are all free, its pages are 0, and it is on the 2-level ABI.
   *
   * - EPERM: the caller is not privileged.
   * - EINVAL: the domid is reserved; no vCPU, or more than the kind of guest may have.
   * - EEXIST: the domid is in use, if only by a dying domain.
   * - RefusedError LIMIT: the machine's limit of domains or of guest memory.
   */
  async createDomain(config: DomainConfig = {}, by: Toolstack = {}): Promise<Domain> {
    const request = { ...this.#named, config: domainConfigToProto(config), ...by };
    const { dom } = await this.#wire.call(toolstack.createDomain, request);
    return this.domain(dom);
  }

  /**
   * A new domain of an image that Domain.save gave, here or in another machine. `newDom` defaults to
   * the next free domid; `precreate` ports are opened before xenstore's.
   *
   * - EINVAL: the domid is reserved. EEXIST: it is in use.
   * - RefusedError: BAD_IMAGE; LIMIT, the machine's domains or guest memory.
   */
  async restoreDomain(
    image: Uint8Array,
    { newDom, precreate = 0 }: { newDom?: number; precreate?: number } = {},
  ): Promise<Domain> {
    const request = { ...this.#named, image: Buffer.from(image), newDom, precreate };
    const { dom } = await this.#wire.call(toolstack.restoreDomain, request);
    return this.domain(dom);
  }

  /** Debug key 'q': VIRQ_DEBUG to every vCPU of every domain. */
  async raiseDebug(): Promise<void> {
    await this.#wire.call(toolstack.raiseDebug, this.#named);
  }

  /** The machine as it is now. */
  async view(): Promise<MachineView> {
    return machineFromProto((await this.#wire.read(machines.getMachine, this.#named)).machine);
  }

  /**
   * Executes up to 4096 ops in order, in one round trip. Ops that name no caller are made by dom0.
   * An op that fails does not stop those after it.
   */
  async multicall<const Ops extends readonly BatchOp<unknown>[]>(ops: Ops): Promise<Outcomes<Ops>> {
    const messages = ops.map(({ message }) => message);
    const request = { ...this.#named, caller: 0, callerVcpu: 0, ops: messages };
    return outcomesOf(ops, (await this.#wire.call(methods.multicall, request)).results);
  }

  /** Opens a stream of batches of ops: the fast path. */
  session(options: SessionOptions = {}): Session {
    return new Session(this.#wire, this.name, options);
  }

  /**
   * Effects from `from` on, and then as they happen. A machine keeps its latest effects only: a
   * reader that falls behind further is told once what it missed, in a record of kind 'gap', and
   * goes on from there. After a broken connection the watch goes on by itself, with the effect
   * after the last; where the machine is another one by then, a record of kind 'replaced' says so.
   * Leaving the loop ends the watch.
   */
  watchEffects(options: EffectOptions = {}): AsyncGenerator<EffectRecord, void, undefined> {
    return watchEffects(this.#wire, this.name, options);
  }

  /** Moves virtual time on by `ns`: time passes in no other way. Answers the time now, in ns. */
  async advanceClock(ns: Nanoseconds): Promise<number> {
    const request = { ...this.#named, ns: nanoseconds(ns) };
    return Number((await this.#wire.call(machines.advanceClock, request)).nowNs);
  }

  /** Checks now that the machine's state makes sense: sentences that say what does not. */
  async checkInvariants(): Promise<string[]> {
    return (await this.#wire.read(machines.checkInvariants, this.#named)).violations;
  }

  /** 16 hexadecimal digits that are equal for equal states. Takes time in proportion to these. */
  async stateHash(): Promise<string> {
    return (await this.#wire.read(machines.getStateHash, this.#named)).stateHash;
  }

  /** The whole state as JSON text ("evtchnd-snapshot/1"), for Client.restoreMachine. */
  snapshot(): Promise<Uint8Array> {
    return bytesOf(this.#wire.download(machines.snapshotMachine, this.#named));
  }

  /**
   * Makes a new machine that is now as this one is; from here on they share nothing.
   *
   * RefusedError: MACHINE_EXISTS, LIMIT.
   */
  async fork(name: string): Promise<Machine> {
    await this.#wire.call(machines.forkMachine, { ...this.#named, fork: name });
    return new Machine(this.#wire, name);
  }

  /** Ends the machine. Its streams end with RefusedError MACHINE_DELETED. */
  async delete(): Promise<void> {
    await this.#wire.call(machines.deleteMachine, this.#named);
  }

  /** Its journal ("evtchnd-journal/1", JSON lines); a retired machine has one, too. */
  journal(): Promise<string> {
    return textOf(this.#wire.download(machines.getJournal, this.#named));
  }

  /**
   * Its history as a trace ("xen-evtchn-trace/1", JSON lines).
   *
   * RefusedError JOURNAL_INCOMPLETE: the journal does not reach back to the creation.
   */
  exportTrace(): Promise<string> {
    return textOf(this.#wire.download(traces.exportTrace, this.#named));
  }

  /** Opens a recording in this machine. */
  record(options: Pick<RecordingOptions, 'window'> = {}): Recording {
    return new Recording(this.#wire, { ...options, machine: this.name });
  }

  get #named(): { machine: string } {
    return { machine: this.name };
  }
}
