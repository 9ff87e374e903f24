import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { DOMID_XEN, GUEST_KINDS, Machine } from '../../core/index.ts';
import type { GuestKind, MachineOptions } from '../../core/index.ts';
import type { HttpServer, Readiness } from '../../server/http/context.ts';
import { buildHttpServer } from '../../server/http/http-server.ts';
import type { StreamLimits } from '../../server/http/limits.ts';
import { type HostedMachine, MachineRegistry } from '../../server/machines.ts';
import { type Metrics, createMetrics } from '../../server/metrics.ts';

export interface HttpSetUp {
  readonly app: HttpServer;
  readonly registry: MachineRegistry;
  readonly metrics: Metrics;
  readonly hosted: HostedMachine;
  readonly setReadiness: (readiness: Readiness) => void;
  /** GET with an Accept header: status, media type, and the body, decoded if it is JSON. */
  readonly get: (url: string, accept?: string) => Promise<Reply>;
}

export interface Reply {
  readonly status: number;
  readonly type: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

export interface SetUpOptions {
  readonly machine?: MachineOptions;
  readonly limits?: Partial<StreamLimits>;
}

/** The inspection server, not listening, with a machine `default`: dom0 and two guests. */
export async function setUpHttp({ machine, limits }: SetUpOptions = {}): Promise<HttpSetUp> {
  const metrics = createMetrics();
  const log = pino({ level: 'silent' });
  const registry = new MachineRegistry(8, metrics, log);
  const hosted = registry.add('default', Machine.create(machine));
  for (const dom of [0, 1, 2]) createDomain(hosted, { dom });

  let readiness: Readiness = 'ready';
  const app = await buildHttpServer({
    machines: registry,
    metrics,
    log,
    build: { version: '0.0.0-test' },
    readiness: () => readiness,
    ...(limits && { limits }),
  });
  onTestFinished(() => app.close());
  const setReadiness = (next: Readiness) => {
    readiness = next;
  };
  return { app, registry, metrics, hosted, setReadiness, get: getter(app) };
}

const getter =
  (app: HttpServer) =>
  async (url: string, accept = '*/*'): Promise<Reply> => {
    const { statusCode, headers, body } = await app.inject({ url, headers: { accept } });
    const [type = ''] = String(headers['content-type']).split(';');
    return {
      status: statusCode,
      type,
      headers,
      body: type.endsWith('json') ? JSON.parse(body) : body,
    };
  };

export interface DomainOptions {
  readonly dom: number;
  readonly guest?: GuestKind;
  readonly vcpus?: number;
  readonly maxEvtchnPort?: number;
}

export function createDomain(
  hosted: HostedMachine,
  { dom, guest = 'pv64', vcpus = 2, maxEvtchnPort = 1023 }: DomainOptions,
): void {
  must(
    hosted.execute({
      op: 'create_domain',
      caller: DOMID_XEN,
      dom,
      guest: GUEST_KINDS.indexOf(guest),
      privileged: dom === 0 ? 1 : 0,
      vcpus,
      vcpusUp: 1,
      maxEvtchnPort,
      pages: 160,
      paused: 0,
    }),
  );
}

/** The value of an answer that must be a success. */
export function must<Value>(answer: { ok: true; value: Value } | { ok: false }): Value {
  if (answer.ok) return answer.value;
  throw new Error(`not a success: ${JSON.stringify(answer)}`);
}

/** An interdomain channel between domain 1 and domain 2, whose port is the same on both sides. */
export function connect(hosted: HostedMachine): number {
  const { port } = must(hosted.execute({ op: 'alloc_unbound', caller: 1, dom: 1, remoteDom: 2 }));
  const bind = { op: 'bind_interdomain', caller: 2, remoteDom: 1, remotePort: port } as const;
  must(hosted.execute(bind));
  return port;
}

/** Each send has one effect: the port becomes pending, or the event is coalesced. */
export function send(hosted: HostedMachine, port: number): void {
  must(hosted.execute({ op: 'send', caller: 1, port }));
}
