import { assert } from '../lib/assert.ts';
import { VARIANT_NAMES } from '../guest/knobs.ts';
import type { VariantName } from '../guest/knobs.ts';
import { DOMID_XEN } from '../public/ids.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import type { Answer } from '../machine/answer.ts';
import type { Effect } from '../machine/effect.ts';
import { Machine } from '../machine/machine.ts';
import type { Op } from '../machine/op.ts';
import type { Scenario, ScenarioDomain, Value } from './format.ts';
import { InvariantChecker } from './invariants.ts';
import { handleInPort } from './parse-step.ts';
import { settingNumbers } from './settings.ts';
import type { Resolver } from './to-op.ts';

const EFFECTS_AT_A_TIME = 65_536;
const FIRST_HANDLE = 3;
const UNLIMITED_PORT = 0x7fff_ffff;

/** Which layer the guests have: a variant, with single knobs set. */
export interface Choice {
  readonly variant: VariantName;
  readonly set: Readonly<Record<string, string | boolean>>;
}

/** The machine that a scenario plays in, and what its names stand for. */
export class World implements Resolver {
  readonly machine = Machine.create({ checkInvariants: true });
  readonly checkers = new Map<number, InvariantChecker>();
  readonly kinds: ReadonlyMap<number, ScenarioDomain>;
  readonly #doms = new Map<number, number>([[0, 0]]);
  readonly #handles = new Map<string, { number: number; dom: number }>();
  readonly #ports = new Map<string, number>();
  /** Times that handlers ran, by token: in filters, and in ithreads. */
  readonly #filters = new Map<number, number>();
  readonly #ithreads = new Map<number, number>();
  #nextEffect = 1;

  constructor({ domains }: Scenario, choice: Choice) {
    this.kinds = new Map(domains.map((domain) => [domain.dom, domain]));
    this.#create({ dom: 0, guest: 'hvm64', vcpus: 1, nr: 0 }, true);
    for (const domain of domains) {
      this.#create(domain, false);
      this.#doms.set(domain.dom, domain.dom);
      if (domain.kernel) this.#boot(domain, choice);
    }
    this.takeEffects();
  }

  #create(
    { dom, guest, vcpus, nr }: Pick<ScenarioDomain, 'dom' | 'guest' | 'vcpus' | 'nr'>,
    privileged: boolean,
  ): void {
    this.#setUp({
      op: 'create_domain',
      caller: DOMID_XEN,
      dom,
      guest: GUEST_KINDS.indexOf(guest),
      privileged: Number(privileged),
      vcpus,
      vcpusUp: vcpus,
      maxEvtchnPort: nr === 0 ? UNLIMITED_PORT : nr - 1,
      pages: 8,
      paused: 0,
    });
  }

  #boot(domain: ScenarioDomain, { variant, set }: Choice): void {
    this.#setUp({
      op: 'boot_guest',
      caller: DOMID_XEN,
      dom: domain.dom,
      variant: VARIANT_NAMES.indexOf(variant),
      nr: domain.nr,
      precreate: domain.store ? domain.precreate : -1,
      rereadsStore: Number(domain.rereadsStore),
      settings: settingNumbers(set),
    });
    this.checkers.set(domain.dom, new InvariantChecker(this.machine, domain.dom));
  }

  #setUp(op: Op): void {
    const answer = this.machine.execute(op);
    assert(answer.ok, `a scenario can be set up: ${JSON.stringify(answer)}`);
  }

  /** Executes an op, and tells the checkers. */
  execute(op: Op): Answer {
    const answer = this.machine.execute(op);
    for (const checker of this.checkers.values()) checker.declared.after(op, answer);
    if (op.op === 'suspend_finish' && answer.ok) {
      const { dom } = answer.value as { dom: number };
      for (const [file, now] of this.#doms) if (now === op.dom) this.#doms.set(file, dom);
    }
    return answer;
  }

  /** What came since it was asked last. Counts the handlers that ran. */
  takeEffects(): readonly Effect[] {
    const { effects, next } = this.machine.outbox.read(this.#nextEffect, EFFECTS_AT_A_TIME);
    this.#nextEffect = next;
    for (const { kind, detail } of effects) {
      if (kind === 'interrupt') count(this.#ithreads, detail);
      if (kind === 'filtered') count(this.#filters, detail);
    }
    return effects;
  }

  dom(dom: number): number {
    return this.#doms.get(dom) ?? dom;
  }

  /** The number of a handle variable; a new name gets the next one. */
  handle(name: Value): number {
    return this.#handles.get(String(name))!.number;
  }

  nameHandle(name: string, dom: number): void {
    if (this.#handles.has(name)) return;
    this.#handles.set(name, { number: FIRST_HANDLE + this.#handles.size, dom });
  }

  knowsHandle(name: string): boolean {
    return this.#handles.has(name);
  }

  handleName(number: number): string | undefined {
    for (const [name, found] of this.#handles) if (found.number === number) return name;
    return undefined;
  }

  /** Index of the source that a handle holds; -1: none. */
  sourceOf(name: string): number {
    const { number, dom } = this.#handles.get(name)!;
    const { handles = [] } = this.machine.guest(this.dom(dom)) ?? {};
    return handles.find(({ handle }) => handle === number)?.isrc ?? -1;
  }

  /** xen_intr_port. */
  portOf(name: string): number {
    const { dom } = this.#handles.get(name)!;
    return this.machine.guest(this.dom(dom))?.isrcs[this.sourceOf(name)]?.port ?? 0;
  }

  port(value: Value): number {
    if (typeof value !== 'string') return Number(value);
    const handle = handleInPort(value);
    return handle === undefined ? (this.#ports.get(value) ?? 0) : this.portOf(handle);
  }

  namePort(name: string, port: number): void {
    this.#ports.set(name, port);
  }

  /** How often the handler of a handle ran. */
  interrupts(name: string): number {
    const token = this.handle(name);
    return Math.max(this.#ithreads.get(token) ?? 0, this.#filters.get(token) ?? 0);
  }
}

function count(counts: Map<number, number>, token: number): void {
  counts.set(token, (counts.get(token) ?? 0) + 1);
}
