import type { ClientDuplexStream } from '@grpc/grpc-js';
import { expect } from 'vitest';

import { DomainServiceService as domains } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import type { SuspendDomainRequest } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { InterruptServiceService as intr } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type {
  AttachOpen,
  AttachRequest,
  AttachResponse,
  Attached,
  Interrupt,
  Resumed,
  Suspending,
} from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import type { GuestConfig } from '../../proto/gen/evtchnd/v1/guest.ts';
import { Reader, call, freshName, openDuplex } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig } from './machine-support.ts';

type Told = NonNullable<AttachResponse['message']>;

/** A driver's end of Attach. */
export class TestDriver {
  readonly stream: ClientDuplexStream<AttachRequest, AttachResponse>;
  readonly #reader: Reader<AttachResponse>;
  attached!: Attached;

  constructor(server: TestServer) {
    this.stream = openDuplex(server.client, intr.attach);
    this.#reader = new Reader(this.stream);
  }

  async open(fields: Partial<AttachOpen>): Promise<this> {
    const blank = { machine: '', dom: 0, driver: 'test', leaseMs: 0, session: '', token: 0 };
    this.stream.write({ message: { $case: 'open', value: { ...blank, ...fields } } });
    this.attached = await this.expect('attached');
    return this;
  }

  get handler() {
    return { token: this.attached.token, kind: 0 as const };
  }

  async next(): Promise<Told> {
    return (await this.#reader.next()).message!;
  }

  /** The next message, which is of this kind. */
  async expect<Case extends Told['$case']>(
    $case: Case,
  ): Promise<Extract<Told, { $case: Case }>['value']> {
    const message = await this.next();
    expect(message.$case).toBe($case);
    return message.value as never;
  }

  interrupt = (): Promise<Interrupt> => this.expect('interrupt');
  suspending = (): Promise<Suspending> => this.expect('suspending');
  resumed = (): Promise<Resumed> => this.expect('resumed');

  handled(handle: number, sequence = 0n): void {
    this.stream.write({ message: { $case: 'handled', value: { handle, sequence } } });
  }

  ready(suspend: number, refused = false, reason = ''): void {
    this.stream.write({ message: { $case: 'ready', value: { suspend, refused, reason } } });
  }

  /** As if its process had died. */
  die(): void {
    this.stream.on('error', () => undefined);
    this.stream.cancel();
  }
}

/** A machine with dom0 and guests 1 and 2, whose kernels run. */
export async function bootMachine(
  server: TestServer,
  config: Partial<GuestConfig> = {},
): Promise<string> {
  const machine = freshName();
  const guests = [0, 1, 2].map((dom) => domainConfig({ dom, privileged: dom === 0, vcpus: 2 }));
  await call(server.client, machines.createMachine, { machine, domains: guests });
  for (const dom of [1, 2]) await boot(server, machine, dom, config);
  return machine;
}

export const boot = (
  server: TestServer,
  machine: string,
  dom: number,
  config: Partial<GuestConfig> = {},
) => call(server.client, intr.bootGuest, { machine, dom, config: { ...PLAIN_GUEST, ...config } });

const PLAIN_GUEST: GuestConfig = {
  variant: 0,
  knobs: [],
  nr: 0,
  noStore: false,
  precreate: 0,
  rereadsStore: false,
};

export const driver = (server: TestServer, fields: Partial<AttachOpen>): Promise<TestDriver> =>
  new TestDriver(server).open(fields);

/** A channel: domain 1 allocates for `one`, domain 2 binds for `two`, and what that raises is over. */
export async function connectDrivers(
  server: TestServer,
  machine: string,
  one: TestDriver,
  two: TestDriver,
): Promise<{ near: { handle: number; port: number }; far: { handle: number; port: number } }> {
  const near = await call(server.client, intr.allocAndBindLocalPort, {
    machine,
    dom: one.attached.dom,
    remoteDom: two.attached.dom,
    handler: one.handler,
  });
  const far = await call(server.client, intr.bindRemotePort, {
    machine,
    dom: two.attached.dom,
    remoteDom: one.attached.dom,
    remotePort: near.port,
    handler: two.handler,
  });
  two.handled((await two.interrupt()).handle);
  return { near, far };
}

export const suspend = (server: TestServer, fields: Partial<SuspendDomainRequest>) =>
  call(server.client, domains.suspendDomain, fields);
