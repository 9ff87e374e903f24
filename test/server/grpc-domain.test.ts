import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { DomainServiceService as rpc } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { EventChannelServiceService as evtchn } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { GuestKind, PortAbi } from '../../proto/gen/evtchnd/v1/types.ts';
import { call, failure, freshName, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig } from './machine-support.ts';

let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = freshName();
  const domains = [
    domainConfig({ dom: 0, privileged: true }),
    domainConfig({ dom: 1, vcpus: 2, maxEvtchnPort: 1023 }),
    domainConfig({ dom: 2, guest: GuestKind.HVM64 }),
  ];
  await call(server.client, machines.createMachine, { machine, domains });
});

describe('DomainService', () => {
  it('creates a domain with defaults, shows it, and destroys it', async () => {
    const { client } = server;

    const { dom } = await call(client, rpc.createDomain, { machine });
    const { domain } = await call(client, rpc.getDomain, { machine, dom });
    await call(client, rpc.destroyDomain, { machine, dom });

    expect(domain).toMatchObject({
      guest: GuestKind.PV64,
      abi: PortAbi.TWO_LEVEL,
      privileged: false,
      vcpus: 1,
      maxEvtchnPort: 0x7fff_ffff,
      pages: 160,
    });
    const { domains } = await call(client, rpc.listDomains, { machine });
    expect(domains.map((view) => view.dom)).toEqual([0, 1, 2]);
    expect(await failure(call(client, rpc.getDomain, { machine, dom }))).toMatchObject({
      code: 5,
      reason: 'NO_DOMAIN',
      domain: 'evtchnd',
    });
  });

  it('pauses and unpauses: a paused domain makes no hypercall', async () => {
    const { client } = server;
    await call(client, rpc.pauseDomain, { machine, dom: 1 });

    const paused = failure(call(client, evtchn.bindIpi, { machine, caller: 1, vcpu: 0 }));
    expect(await paused).toMatchObject({ code: 9, reason: 'CANNOT_RUN', domain: 'evtchnd' });

    await call(client, rpc.unpauseDomain, { machine, dom: 1 });
    const { port } = await call(client, evtchn.bindIpi, { machine, caller: 1, vcpu: 0 });
    expect(port).toBe(1);
  });

  it('acts as the owner of the machine, or as the domain that the request names', async () => {
    const { client } = server;

    await call(client, rpc.pauseDomain, { machine, dom: 1 });
    await call(client, rpc.pauseDomain, { machine, caller: 0, dom: 1 });
    const denied = await failure(call(client, rpc.pauseDomain, { machine, caller: 2, dom: 1 }));

    expect(denied).toMatchObject({ code: 7, reason: 'EPERM', domain: 'xen', xenErrno: '1' });
  });

  it('sets targets and VIRQ handlers, maps PIRQs and creates ioreq servers', async () => {
    const { client } = server;

    await call(client, rpc.setTarget, { machine, dom: 1, target: 2 });
    await call(client, rpc.setVirqHandler, { machine, dom: 1, virq: 3 });
    const { pirq } = await call(client, rpc.mapPirq, { machine, dom: 1, irq: 20, pirq: 20 });
    await call(client, rpc.createIoreqServer, { machine, caller: 1, dom: 2 });

    const { domains } = await call(client, rpc.listDomains, { machine });
    expect(pirq).toBe(20);
    expect(domains[1]).toMatchObject({ target: 2, virqHandlerOf: [3] });
    expect(domains[2]).toMatchObject({ xenPorts: 1 });
  });

  it('raises VIRQs, PIRQs and the debug key on ports that are bound', async () => {
    const { client } = server;
    const own = { machine, caller: 1 };
    await call(client, rpc.mapPirq, { machine, dom: 1, irq: 20, pirq: 20 });
    await call(client, evtchn.bindVirq, { ...own, virq: 0, vcpu: 1 });
    await call(client, evtchn.bindVirq, { ...own, virq: 1, vcpu: 0 });
    await call(client, evtchn.bindPirq, { ...own, pirq: 20 });

    await call(client, rpc.raiseVirq, { machine, dom: 1, vcpu: 1, virq: 0 });
    await call(client, rpc.raisePirq, { machine, dom: 1, pirq: 20 });
    await call(client, rpc.raiseDebug, { machine });

    const { ports } = await call(client, evtchn.listPorts, { machine, dom: 1 });
    expect(ports.map(({ pending }) => pending)).toEqual([true, true, true]);
  });

  it('lists vCPUs in parts', async () => {
    const first = await call(server.client, rpc.listVcpus, { machine, dom: 1, maxVcpus: 1 });
    const second = await call(server.client, rpc.listVcpus, {
      machine,
      dom: 1,
      fromVcpu: first.nextVcpu!,
    });

    expect(first.vcpus.map(({ vcpu }) => vcpu)).toEqual([0]);
    expect(second.vcpus.map(({ vcpu }) => vcpu)).toEqual([1]);
    expect(second.nextVcpu).toBeUndefined();
  });
});
