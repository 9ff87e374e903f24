import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errnoOf } from '../../../core/index.ts';
import type { OpName, PortStatus } from '../../../core/index.ts';
import { Host, XEN, makeOp } from '../../support/host.ts';
import { Reference2l, ReferenceDomain } from './reference-2l.ts';
import type { Answer } from './reference-2l.ts';

/** FC_SEED=N tries other sequences; a failure prints its own seed and path. */
const SEED = Number(process.env['FC_SEED'] ?? 2024);

/** Domain 1 has 64 bits and few ports, 2 has 32 bits, 0 is privileged. */
const DOMAINS = [
  { id: 0, guest: 'pv64', wordBits: 64, vcpus: 2, maxPort: 4095 },
  { id: 1, guest: 'pv64', wordBits: 64, vcpus: 3, maxPort: 70 },
  { id: 2, guest: 'pv32', wordBits: 32, vcpus: 2, maxPort: 127 },
] as const;

interface Real {
  readonly host: Host;
}

function setup(): { model: Reference2l; real: Real } {
  const model = new Reference2l();
  const host = new Host();
  for (const { id, guest, wordBits, vcpus, maxPort } of DOMAINS) {
    model.add(new ReferenceDomain(id, vcpus, wordBits, maxPort));
    host.create(id, { guest, vcpus, maxEvtchnPort: maxPort, privileged: id === 0, pages: 1 });
  }
  return { model, real: { host } };
}

/** An op on the machine and its counterpart on the reference; both must answer alike. */
class Step implements fc.Command<Reference2l, Real> {
  readonly #caller: number;
  readonly #op: OpName;
  readonly #args: Record<string, number>;
  readonly #refer: (model: Reference2l) => Answer;

  constructor(
    caller: number,
    op: OpName,
    args: Record<string, number>,
    refer: (model: Reference2l) => Answer,
  ) {
    this.#caller = caller;
    this.#op = op;
    this.#args = args;
    this.#refer = refer;
  }

  check(): boolean {
    return true;
  }

  run(model: Reference2l, { host }: Real): void {
    const answer = host.machine.execute(makeOp(this.#caller, this.#op, this.#args));
    const got = answer.ok ? spelling(answer.value) : errnoOf(answer);

    expect(got).toBe(this.#refer(model));
    for (const domain of model.domains.values()) expect(seen(host, domain)).toEqual(state(domain));
  }

  toString(): string {
    return `${this.#caller}:${this.#op} ${JSON.stringify(this.#args)}`;
  }
}

function spelling(value: unknown): Answer {
  if (typeof value !== 'object' || value === null) return 0;
  if ('port' in value) return value.port as number;
  if ('localPort' in value) return value.localPort as number;
  const { state: kind, vcpu, remoteDom, remotePort, virq } = value as PortStatus;
  if (kind === 'unbound') return `unbound on ${vcpu} for ${remoteDom}`;
  if (kind === 'interdomain') return `interdomain on ${vcpu} to ${remoteDom}:${remotePort}`;
  return kind === 'virq' ? `virq on ${vcpu} is ${virq}` : `${kind} on ${vcpu}`;
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

const state = (domain: ReferenceDomain) => ({
  valid: domain.valid,
  pending: sorted(domain.pending),
  masked: sorted(domain.masked),
  selectors: [...domain.selectors].sort(),
  upcalls: sorted(domain.upcalls),
});

/** The same of the machine, out of the bytes of shared_info. */
function seen({ machine }: Host, { id, wordBits, vcpus }: ReferenceDomain) {
  const page = machine.page(id, -1)!;
  const bits = (from: number, count: number) =>
    Array.from({ length: count }, (_, bit) => bit).filter(
      (bit) => (page[from + (bit >> 3)]! & (1 << (bit & 7))) !== 0,
    );
  const ids = Array.from({ length: vcpus }, (_, vcpu) => vcpu);
  const selectorAt = wordBits === 64 ? 8 : 4;
  return {
    valid: machine.domain(id)!.validPorts,
    pending: bits(0x800, 140),
    masked: bits(wordBits === 64 ? 0xa00 : 0x880, 140),
    selectors: ids
      .flatMap((vcpu) => bits(vcpu * 64 + selectorAt, wordBits).map((bit) => `${vcpu}/${bit}`))
      .sort(),
    upcalls: ids.filter((vcpu) => page[vcpu * 64] === 1),
  };
}

const caller = fc.nat({ max: 2 });
const port = fc.oneof(
  { weight: 9, arbitrary: fc.nat({ max: 8 }) },
  { weight: 1, arbitrary: fc.nat({ max: 130 }) },
);
const vcpu = fc.nat({ max: 3 });
const dom = fc.constantFrom(0, 1, 2, 5, 0x7ff0, 0x7ff0);
const virq = fc.constantFrom(0, 1, 1, 2, 3, 7, 13, 23, 24);

const step = <T extends unknown[]>(
  parts: { [Part in keyof T]: fc.Arbitrary<T[Part]> },
  make: (...args: T) => Step,
): fc.Arbitrary<Step> => fc.tuple<T>(...parts).map((args) => make(...args));

const HYPERCALLS = [
  step([caller, dom, dom], (c, d, remoteDom) => {
    return new Step(c, 'alloc_unbound', { dom: d, remoteDom }, (model) =>
      model.allocUnbound(c, d, remoteDom),
    );
  }),
  step([caller, dom, port], (c, remoteDom, remotePort) => {
    return new Step(c, 'bind_interdomain', { remoteDom, remotePort }, (model) =>
      model.bindInterdomain(c, remoteDom, remotePort),
    );
  }),
  step([caller, vcpu], (c, v) => {
    return new Step(c, 'bind_ipi', { vcpu: v }, (model) => model.bindIpi(c, v));
  }),
  step([caller, virq, vcpu], (c, n, v) => {
    return new Step(c, 'bind_virq', { virq: n, vcpu: v }, (model) => model.bindVirq(c, n, v));
  }),
  step([caller, port, vcpu], (c, p, v) => {
    return new Step(c, 'bind_vcpu', { port: p, vcpu: v }, (model) => model.bindVcpu(c, p, v));
  }),
  step([caller, port], (c, p) => new Step(c, 'close', { port: p }, (model) => model.close(c, p))),
  step([caller, port], (c, p) => new Step(c, 'send', { port: p }, (model) => model.send(c, p))),
  step([caller, port], (c, p) => new Step(c, 'send', { port: p }, (model) => model.send(c, p))),
  step([caller, port], (c, p) => new Step(c, 'unmask', { port: p }, (model) => model.unmask(c, p))),
  step([caller, dom, port], (c, d, p) => {
    return new Step(c, 'status', { dom: d, port: p }, (model) => model.status(c, d, p));
  }),
  step([caller, fc.nat({ max: 9 })], (c, rare) => {
    if (rare > 0) return new Step(c, 'bind_ipi', { vcpu: 0 }, (model) => model.bindIpi(c, 0));
    return new Step(c, 'reset', { dom: 0x7ff0 }, (model) => model.reset(c));
  }),
  step([caller, virq.filter((n) => n < 24), vcpu], (d, n, v) => {
    return new Step(XEN, 'raise_virq', { dom: d, virq: n, vcpu: v }, (model) =>
      model.raiseVirq(d, n, v),
    );
  }),
];

/** What a guest does to its pages: it masks, clears, and takes an upcall. */
const ACCESSES = [
  step([caller, port], (c, p) => {
    return new Step(c, 'm_mask', { port: p }, (model) => {
      model.domains.get(c)!.masked.add(p);
      return 0;
    });
  }),
  step([caller, port], (c, p) => {
    return new Step(c, 'm_clrpend', { port: p }, (model) => {
      model.domains.get(c)!.pending.delete(p);
      return 0;
    });
  }),
  step([caller, fc.nat({ max: 1 })], (c, v) => {
    return new Step(c, 'm_upcall', { vcpu: v, value: 0 }, (model) => {
      model.domains.get(c)!.upcalls.delete(v);
      return 0;
    });
  }),
  step([caller, fc.nat({ max: 1 })], (c, v) => {
    return new Step(c, 'm_sel', { vcpu: v }, (model) => {
      const { selectors } = model.domains.get(c)!;
      for (const selector of selectors)
        if (selector.startsWith(`${v}/`)) selectors.delete(selector);
      return 0;
    });
  }),
];

describe('the 2-level ABI', () => {
  it('answers and sets bits as an independent reference does', () => {
    fc.assert(
      fc.property(
        fc.commands([...HYPERCALLS, ...ACCESSES], { maxCommands: 150, size: 'max' }),
        (commands) => fc.modelRun(setup, commands),
      ),
      { seed: SEED, numRuns: 300 },
    );
  });
});
