import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { ERRNO, OP_ARGUMENTS } from '../core/index.ts';

/** What is counted while the service runs. Made once per app, never global. */
export interface Metrics extends TransportMetrics {
  readonly register: Registry;
  /** One op was answered. `outcome`: 'OK', an errno or 'refused'. Costs an array increment. */
  hypercall(op: string, outcome: string): void;
  /** Machines put `count` new effects into their outboxes. Costs an addition. */
  effects(count: number): void;
  /** What is counted only when somebody asks. */
  observeMachines(list: () => readonly ObservedMachine[]): void;
}

interface TransportMetrics {
  grpcRequest(method: string, code: string, seconds: number): void;
  httpRequest(route: string, status: number, seconds: number): void;
  /** A stream of this kind opened; call the result once when it has ended. */
  streamOpened(kind: StreamKind): () => void;
  /** A reader was told that it missed effects. */
  gapTold(kind: StreamKind): void;
}

/** `effects_http` is the server-sent events; the others are rpcs. */
export type StreamKind = 'effects_http' | 'effects' | 'session' | 'upcalls' | 'record' | 'drivers';

/** What a scrape looks at in each machine. */
export interface ObservedMachine {
  readonly machine: {
    readonly retired: unknown;
    domains(): readonly { readonly activePorts: number }[];
  };
}

export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const hypercalls = new HypercallCounts();
  let effects = 0;

  addCounter(register, 'evtchnd_effects_total', 'Effects that came of ops.', () => effects);
  register.registerMetric(hypercalls.counter);
  return {
    register,
    hypercall: (op, outcome) => hypercalls.add(op, outcome),
    effects(count) {
      effects += count;
    },
    ...createTransportMetrics(register),
    observeMachines: (list) => addMachineGauges(register, list),
  };
}

/** From an op on an idle server to a call behind a long batch. */
const SECONDS_BUCKETS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3];

function createTransportMetrics(register: Registry): TransportMetrics {
  const registers = [register];
  const buckets = SECONDS_BUCKETS;
  const grpc = new Histogram({
    name: 'evtchnd_grpc_request_seconds',
    help: 'Duration of rpcs in seconds, by method and status; of streams, from open to end.',
    labelNames: ['method', 'code'],
    buckets,
    registers,
  });
  const http = new Histogram({
    name: 'evtchnd_http_request_seconds',
    help: 'Duration of HTTP requests in seconds, by route and status; of streams, to their end.',
    labelNames: ['route', 'status'],
    buckets,
    registers,
  });
  const streams = new Gauge({
    name: 'evtchnd_streams_open',
    help: 'Streams open now, by kind; effects and effects_http are the subscribers to effects.',
    labelNames: ['kind'],
    registers,
  });
  const gaps = new Counter({
    name: 'evtchnd_gaps_told_total',
    help: 'Times a reader of effects was told that it missed some, by kind of stream.',
    labelNames: ['kind'],
    registers,
  });
  return {
    grpcRequest: (method, code, seconds) => grpc.observe({ method, code }, seconds),
    httpRequest: (route, status, seconds) => http.observe({ route, status }, seconds),
    streamOpened(kind) {
      streams.inc({ kind });
      return () => streams.dec({ kind });
    },
    gapTold: (kind) => gaps.inc({ kind }),
  };
}

function addMachineGauges(register: Registry, list: () => readonly ObservedMachine[]): void {
  // What a retired machine holds may make no sense, so it is not counted.
  const domains = () =>
    list().flatMap((served) => (isRetired(served) ? [] : served.machine.domains()));
  const portsInUse = () => domains().reduce((sum, { activePorts }) => sum + activePorts, 0);

  addGauge(register, 'evtchnd_machines', 'Machines hosted.', () => list().length);
  addGauge(
    register,
    'evtchnd_machines_retired',
    'Machines that execute nothing more, as an assertion of ours failed.',
    () => list().filter(isRetired).length,
  );
  addGauge(register, 'evtchnd_domains', 'Domains of all machines.', () => domains().length);
  addGauge(register, 'evtchnd_ports_bound', 'Ports of all domains that are in use.', portsInUse);
}

const isRetired = ({ machine }: ObservedMachine): boolean => machine.retired !== undefined;

/** A counter that is kept elsewhere, and read when somebody asks. */
function addCounter(register: Registry, name: string, help: string, read: () => number): void {
  const counter = new Counter({
    name,
    help,
    registers: [],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
  register.registerMetric(counter);
}

function addGauge(register: Registry, name: string, help: string, read: () => number): void {
  const gauge = new Gauge({
    name,
    help,
    registers: [],
    collect() {
      this.set(read());
    },
  });
  register.registerMetric(gauge);
}

/** In place of a name that is neither an op nor an outcome: labels stay bounded. */
const OTHER = 'other';
const OPS = [...Object.keys(OP_ARGUMENTS), OTHER];
const OUTCOMES = ['OK', 'refused', ...Object.keys(ERRNO), OTHER];
const WIDTH = OUTCOMES.length;

/** A matrix op × outcome: prom-client's own counters hash their labels at every increment. */
class HypercallCounts {
  readonly counter: Counter<'op' | 'errno'>;
  readonly #counts = new Float64Array(OPS.length * WIDTH);
  readonly #rows = indexesOf(OPS);
  readonly #columns = indexesOf(OUTCOMES);

  constructor() {
    const collect = () => this.#collect();
    this.counter = new Counter({
      name: 'evtchnd_hypercalls_total',
      help: 'Ops answered, by op and outcome: OK, an errno of Xen, or refused.',
      labelNames: ['op', 'errno'],
      registers: [],
      collect,
    });
  }

  add(op: string, outcome: string): void {
    const row = this.#rows[op] ?? OPS.length - 1;
    const column = this.#columns[outcome] ?? WIDTH - 1;
    this.#counts[row * WIDTH + column]! += 1;
  }

  #collect(): void {
    this.counter.reset();
    this.#counts.forEach((count, index) => {
      if (count === 0) return;
      const labels = { op: OPS[Math.floor(index / WIDTH)]!, errno: OUTCOMES[index % WIDTH]! };
      this.counter.inc(labels, count);
    });
  }
}

/** Without a prototype: a name such as "constructor" must not be found. */
function indexesOf(names: readonly string[]): Readonly<Record<string, number>> {
  const indexes = Object.create(null) as Record<string, number>;
  for (const [index, name] of names.entries()) indexes[name] = index;
  return indexes;
}
