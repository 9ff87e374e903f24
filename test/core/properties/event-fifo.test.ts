import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { errnoOf } from '../../../core/index.ts';
import type { OpName } from '../../../core/index.ts';
import { FifoGuest } from '../../support/fifo-guest.ts';
import { SELF, boot, makeOp } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { ReferenceFifo } from './reference-fifo.ts';

/** FC_SEED=N tries other sequences; a failure prints its own seed and path. */
const SEED = Number(process.env['FC_SEED'] ?? 2025);

const VCPUS = 3;
const BLOCKS = 2;
const MAX_PORT = 9;

interface Real {
  readonly host: Host;
  readonly guest: FifoGuest;
}

/**
 * Domain 1 has ports 1 to 9 and control blocks for vCPUs 0 and 1 of 3. Its channels have their far
 * ends in domain 2, whose port n always belongs to port n of domain 1.
 */
function setup(): { model: ReferenceFifo; real: Real } {
  const host = boot({}, [
    { vcpus: VCPUS, maxEvtchnPort: MAX_PORT, pages: 4 },
    { maxEvtchnPort: 1023, pages: 1 },
  ]);
  host.fifo(1, { vcpus: BLOCKS });
  return {
    model: new ReferenceFifo(VCPUS, BLOCKS, MAX_PORT),
    real: { host, guest: new FifoGuest(host, 1, VCPUS) },
  };
}

/** Port → the port of domain 2 that is bound to it. */
function farEnd(host: Host, port: number): number | undefined {
  return host.machine.ports(2, 1, 1000).find(({ remotePort }) => remotePort === port)?.port;
}

type Act = (model: ReferenceFifo, real: Real) => [expected: unknown, got: unknown];

class Step implements fc.Command<ReferenceFifo, Real> {
  readonly #name: string;
  readonly #act: Act;

  constructor(name: string, act: Act) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  run(model: ReferenceFifo, real: Real): void {
    const [expected, got] = this.#act(model, real);

    expect(got).toEqual(expected);
    expect(flags(real.host)).toEqual(flagsOf(model));
    for (let vcpu = 0; vcpu < BLOCKS; vcpu += 1) expectNoLostWakeup(model, real, vcpu);
  }

  toString(): string {
    return this.#name;
  }
}

/** Each port's PENDING, MASKED and LINKED. */
function flags({ machine }: Host): string[] {
  const words = new Uint32Array(machine.page(1, 1)!.buffer);
  return Array.from({ length: MAX_PORT + 1 }, (_, port) => {
    const word = words[port]!;
    return [31, 30, 29].map((bit) => (word >>> bit) & 1).join('');
  });
}

const flagsOf = (model: ReferenceFifo): string[] =>
  Array.from({ length: MAX_PORT + 1 }, (_, port) =>
    [model.pending.has(port), model.masked.has(port), model.isQueued(port)]
      .map((set) => (set ? 1 : 0))
      .join(''),
  );

/** A queue that is not empty is known to the guest, or will be: its ready bit and the upcall are set. */
function expectNoLostWakeup(model: ReferenceFifo, { host, guest }: Real, vcpu: number): void {
  const { controlBlock, upcallPending } = host.machine.vcpu(1, vcpu)!;
  for (const [priority, queue] of model.queues[vcpu]!.entries()) {
    if (queue.length === 0 || ((guest.ready(vcpu) >>> priority) & 1) === 1) continue;
    expect([(controlBlock!.ready >>> priority) & 1, upcallPending]).toEqual([1, true]);
  }
}

const answer = (host: Host, op: OpName, args: Record<string, number>): unknown => {
  const got = host.machine.execute(makeOp(1, op, args));
  if (!got.ok) return errnoOf(got);
  const value = got.value as { port?: number } | undefined;
  return value?.port ?? 0;
};

const port = fc.integer({ min: 1, max: MAX_PORT });
const vcpu = fc.nat({ max: VCPUS - 1 });
const block = fc.nat({ max: BLOCKS - 1 });
const priority = fc.constantFrom(0, 3, 7, 7, 15, 16);

const bindIpi = vcpu.map(
  (v) =>
    new Step(`bind_ipi ${v}`, (model, { host }) => [
      model.bindIpi(v),
      answer(host, 'bind_ipi', { vcpu: v }),
    ]),
);

/** An unbound port of domain 1 that domain 2 binds: unlike an IPI it can move between vCPUs. */
const bindChannel = fc.constant(
  new Step('channel to domain 2', (model, { host }) => {
    const expected = model.bindIpi(0);
    const got = answer(host, 'alloc_unbound', { dom: SELF, remoteDom: 2 });
    if (typeof got === 'number') {
      host.must(2, 'bind_interdomain', { remoteDom: 1, remotePort: got });
    }
    return [expected, got];
  }),
);

const send = port.map(
  (p) =>
    new Step(`send to ${p}`, (model, { host }) => {
      const far = farEnd(host, p);
      if (far === undefined) return [model.send(p), answer(host, 'send', { port: p })];
      return [model.send(p), host.outcome(2, 'send', { port: far }) === 'ok' ? 0 : 'errno'];
    }),
);

const close = port.map(
  (p) =>
    new Step(`close ${p}`, (model, { host }) => {
      const far = farEnd(host, p);
      const got = answer(host, 'close', { port: p });
      if (far !== undefined) host.must(2, 'close', { port: far });
      return [model.close(p), got];
    }),
);

const move = fc.tuple(port, vcpu).map(
  ([p, v]) =>
    new Step(`bind_vcpu ${p} to ${v}`, (model, { host }) => {
      if (answer(host, 'bind_vcpu', { port: p, vcpu: v }) === 0) model.move(p, v);
      return [0, 0];
    }),
);

const setPriority = fc
  .tuple(port, priority)
  .map(
    ([p, value]) =>
      new Step(`set_priority ${p} ${value}`, (model, { host }) => [
        model.setPriority(p, value),
        answer(host, 'set_priority', { port: p, priority: value }),
      ]),
  );

const unmask = port.map(
  (p) =>
    new Step(`unmask ${p}`, (model, { host }) => [
      model.unmask(p),
      answer(host, 'unmask', { port: p }),
    ]),
);

const mask = port.map(
  (p) =>
    new Step(`mask ${p}`, (model, { host }) => {
      model.masked.add(p);
      host.must(1, 'w_or', { port: p, value: 0x4000_0000 });
      return [0, 0];
    }),
);

const take = block.map(
  (v) => new Step(`take on ${v}`, (model, { guest }) => [model.take(v), guest.take(v)]),
);

describe('the FIFO ABI', () => {
  it('delivers to a guest as an independent reference does', () => {
    const commands = [bindIpi, bindChannel, bindChannel, send, send, send, close, move];
    const others = [setPriority, unmask, mask, take, take, take];

    fc.assert(
      fc.property(
        fc.commands([...commands, ...others], { maxCommands: 150, size: 'max' }),
        (steps) => fc.modelRun(setup, steps),
      ),
      { seed: SEED, numRuns: 200 },
    );
  });
});
