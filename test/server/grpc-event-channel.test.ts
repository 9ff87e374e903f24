import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { EventChannelServiceService as rpc } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { PortBitAction } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { DomainServiceService as domains } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { MemoryAction } from '../../proto/gen/evtchnd/v1/op.ts';
import { EvtchnState } from '../../proto/gen/evtchnd/v1/types.ts';
import { call, freshName, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig } from './machine-support.ts';

const DOMID_SELF = 32752;
let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = freshName();
  const guests = [0, 1, 2].map((dom) => domainConfig({ dom, privileged: dom === 0, vcpus: 4 }));
  await call(server.client, machines.createMachine, { machine, domains: guests });
});

describe('EventChannelService', () => {
  it('joins two domains, and a send makes the far end pending', async () => {
    const { client } = server;
    const { port } = await call(client, rpc.allocUnbound, {
      machine,
      caller: 1,
      dom: DOMID_SELF,
      remoteDom: 2,
    });
    const { localPort } = await call(client, rpc.bindInterdomain, {
      machine,
      caller: 2,
      remoteDom: 1,
      remotePort: port,
    });

    await call(client, rpc.send, { machine, caller: 2, port: localPort });

    const { ports } = await call(client, rpc.listPorts, { machine, dom: 1 });
    expect(ports).toMatchObject([
      { port, state: EvtchnState.INTERDOMAIN, pending: true, remoteDom: 2, remotePort: localPort },
    ]);
  });

  it('binds VIRQs, IPIs and PIRQs, and tells their status', async () => {
    const { client } = server;
    await call(client, domains.mapPirq, { machine, dom: 1, irq: 9, pirq: 9 });
    const virq = await call(client, rpc.bindVirq, { machine, caller: 1, virq: 1, vcpu: 2 });
    const ipi = await call(client, rpc.bindIpi, { machine, caller: 1, vcpu: 3 });
    const pirq = await call(client, rpc.bindPirq, { machine, caller: 1, pirq: 9, flags: 0 });

    const states = [];
    for (const { port } of [virq, ipi, pirq]) {
      const { status } = await call(client, rpc.status, {
        machine,
        caller: 1,
        dom: DOMID_SELF,
        port,
      });
      states.push(status);
    }

    expect(states).toMatchObject([
      { state: EvtchnState.VIRQ, vcpu: 2, virq: 1 },
      { state: EvtchnState.IPI, vcpu: 3 },
      { state: EvtchnState.PIRQ, vcpu: 0, pirq: 9 },
    ]);
  });

  it('moves, unmasks, closes and resets ports', async () => {
    const { client } = server;
    const own = { machine, caller: 1 };
    const { port } = await call(client, rpc.allocUnbound, {
      ...own,
      dom: DOMID_SELF,
      remoteDom: 2,
    });
    await call(client, rpc.bindVcpu, { ...own, port, vcpu: 3 });
    await call(client, rpc.unmask, { ...own, port });
    const { status } = await call(client, rpc.status, { ...own, dom: DOMID_SELF, port });
    expect(status?.vcpu).toBe(3);

    await call(client, rpc.close, { ...own, port });
    await call(client, rpc.bindIpi, { ...own, vcpu: 0 });
    await call(client, rpc.reset, { ...own, dom: DOMID_SELF });

    expect((await call(client, rpc.listPorts, { machine, dom: 1 })).ports).toEqual([]);
  });

  it('switches a domain to the FIFO ABI', async () => {
    const { client } = server;
    const own = { machine, caller: 1 };

    const { linkBits } = await call(client, rpc.initControl, {
      ...own,
      gfn: 0n,
      offset: 0,
      vcpu: 0,
    });
    await call(client, rpc.expandArray, { ...own, gfn: 1n });
    const { port } = await call(client, rpc.bindIpi, { ...own, vcpu: 0 });
    await call(client, rpc.setPriority, { ...own, port, priority: 3 });
    await call(client, rpc.send, { ...own, port });

    expect(linkBits).toBe(17);
    const { ports } = await call(client, rpc.listPorts, { machine, dom: 1 });
    expect(ports).toMatchObject([{ port, pending: true, priority: 3, linked: true }]);
    const { vcpus } = await call(client, domains.listVcpus, { machine, dom: 1, maxVcpus: 1 });
    expect(vcpus[0]?.controlBlock).toMatchObject({ gfn: 0n, ready: 1 << 3 });
    expect(vcpus[0]?.controlBlock?.heads[3]).toBe(port);
  });

  it('brings vCPUs down and up, and registers a vcpu_info', async () => {
    const { client } = server;
    const own = { machine, caller: 1 };

    await call(client, rpc.vcpuDown, { ...own, callerVcpu: 1, vcpu: 1 });
    const down = await call(client, domains.listVcpus, { machine, dom: 1 });
    await call(client, rpc.vcpuUp, { ...own, vcpu: 1 });
    await call(client, rpc.registerVcpuInfo, { ...own, gfn: 5n, offset: 64, vcpu: 2 });
    const after = await call(client, domains.listVcpus, { machine, dom: 1 });

    expect(down.vcpus.map(({ up }) => up)).toEqual([true, false, true, true]);
    expect(after.vcpus.map(({ up }) => up)).toEqual([true, true, true, true]);
    expect(after.vcpus[2]?.info).toEqual({ sharedInfo: false, gfn: 5n, offset: 64 });
  });

  it('shows pages, and works on them atomically', async () => {
    const { client } = server;
    const own = { machine, caller: 1, gfn: 7n, offset: 8, width: 64 };

    await call(client, rpc.atomicMemory, {
      ...own,
      action: MemoryAction.XCHG,
      value: { lo: 0xdeadbeef, hi: 7 },
    });
    const { old } = await call(client, rpc.atomicMemory, {
      ...own,
      action: MemoryAction.CMPXCHG,
      compare: { lo: 0xdeadbeef, hi: 7 },
      value: { lo: 1, hi: 0 },
    });
    await call(client, rpc.setPortBit, {
      machine,
      caller: 1,
      port: 3,
      action: PortBitAction.SET_MASK,
    });
    const { pages, sharedInfo } = await call(client, rpc.readPages, {
      machine,
      dom: 1,
      sharedInfo: true,
      gfns: [7n, 0n],
    });

    expect(old).toEqual({ lo: 0xdeadbeef, hi: 7 });
    expect(pages.map((page) => page.length)).toEqual([4096, 4096]);
    expect(Buffer.from(pages[0]!).readBigUInt64LE(8)).toBe(1n);
    expect(sharedInfo[0xa00]).toBe(1 << 3);
  });

  it('answers a poll that waits once its port is sent to', async () => {
    const { client } = server;
    const { port } = await call(client, rpc.bindIpi, { machine, caller: 1, vcpu: 1 });
    const poll = { machine, caller: 1, callerVcpu: 0, ports: [port] };

    const asleep = call(client, rpc.schedPoll, { ...poll, wait: true });
    const join = call(client, rpc.pollJoin, { machine, caller: 1, callerVcpu: 0, wait: true });
    await call(client, rpc.send, { machine, caller: 1, callerVcpu: 2, port });

    expect(await asleep).toEqual({ blocked: false, slept: true, timedOut: false });
    expect(await join).toEqual({ blocked: false });
  });

  it('says that a poll timed out in virtual time', async () => {
    const { client } = server;
    const { port } = await call(client, rpc.bindIpi, { machine, caller: 1, vcpu: 1 });

    const asleep = call(client, rpc.schedPoll, {
      machine,
      caller: 1,
      ports: [port],
      timeout: 1000n,
      wait: true,
    });
    await call(client, machines.advanceClock, { machine, ns: 2000n });

    expect(await asleep).toEqual({ blocked: false, slept: true, timedOut: true });
  });

  it('answers a poll at once if it is not to wait, and ops of the sleeper are refused', async () => {
    const { client } = server;
    const { port } = await call(client, rpc.bindIpi, { machine, caller: 1, vcpu: 1 });

    const answer = await call(client, rpc.schedPoll, { machine, caller: 1, ports: [port] });
    const joined = await call(client, rpc.pollJoin, { machine, caller: 1 });
    const refused = call(client, rpc.send, { machine, caller: 1, port });

    expect(answer).toEqual({ blocked: true, slept: true, timedOut: false });
    expect(joined).toEqual({ blocked: true });
    await expect(refused).rejects.toThrow(/asleep in SCHEDOP_poll/);
  });

  it('lists ports in parts', async () => {
    const { client } = server;
    for (let count = 0; count < 5; count += 1) {
      await call(client, rpc.bindIpi, { machine, caller: 1, vcpu: 0 });
    }

    const first = await call(client, rpc.listPorts, { machine, dom: 1, maxPorts: 3 });
    const second = await call(client, rpc.listPorts, {
      machine,
      dom: 1,
      fromPort: first.nextPort!,
    });

    expect(first.ports.map(({ port }) => port)).toEqual([1, 2, 3]);
    expect(second.ports.map(({ port }) => port)).toEqual([4, 5]);
    expect(second.nextPort).toBeUndefined();
  });
});
