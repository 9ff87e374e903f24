import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { EFFECT_KINDS } from '../../core/index.ts';
import { EventChannelServiceService as evtchn } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { WatchUpcallsResponse } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { DomainServiceService as domains } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { EffectKind } from '../../proto/gen/evtchnd/v1/effect.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { TraceServiceService as traces } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import type { WatchEffectsResponse } from '../../proto/gen/evtchnd/v1/trace_service.ts';
import { Reader, call, failure, freshName, openStream, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig, opMessage } from './machine-support.ts';

const EFFECTS_KEPT = 256;
let server: TestServer;
let machine: string;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());
beforeEach(async () => {
  machine = freshName();
  const guests = [0, 1, 2].map((dom) => domainConfig({ dom, privileged: dom === 0, vcpus: 4 }));
  const limits = { domains: 0, guestPages: 0, effects: EFFECTS_KEPT, journalBytes: 0n };
  const config = { xen: 0, seed: 0, checkInvariants: false, resetSlicePorts: 0, limits } as const;
  await call(server.client, machines.createMachine, { machine, config, domains: guests });
});

const bindIpi = async (vcpu: number): Promise<number> =>
  (await call(server.client, evtchn.bindIpi, { machine, caller: 1, vcpu })).port;

const send = (port: number) => call(server.client, evtchn.send, { machine, caller: 1, port });

/** As a guest's kernel takes an upcall: clears its flag, its selector and the port. */
async function takeUpcall(vcpu: number, port: number): Promise<void> {
  await call(server.client, evtchn.multicall, {
    machine,
    caller: 1,
    ops: [
      opMessage({ $case: 'mUpcall', value: { vcpu, value: 0 } }),
      opMessage({ $case: 'mSel', value: { vcpu, lo: 0, hi: 0 } }),
      opMessage({ $case: 'mClrpend', value: { port } }),
    ],
  });
}

function watchEffects(fields: Partial<Parameters<typeof traces.watchEffects.requestSerialize>[0]>) {
  const stream = openStream(server.client, traces.watchEffects, { machine, ...fields });
  return { stream, reader: new Reader<WatchEffectsResponse>(stream) };
}

describe('WatchEffects', () => {
  it('has a number for each kind of the core, in its order', () => {
    const known = Object.values(EffectKind).length - 1;
    const names = Object.keys(EffectKind)
      .slice(1)
      .map((name) => name.toLowerCase());
    expect(names).toEqual(EFFECT_KINDS.slice(0, known));
  });

  it('tells what happened from a number on, and then what happens', async () => {
    const { stream, reader } = watchEffects({ fromSequence: 2n });
    const past = await reader.next();

    await bindIpi(1);
    const present = await reader.next();
    stream.cancel();

    expect(past.effects.map(({ sequence, kind }) => [sequence, kind])).toEqual([
      [2n, EffectKind.DOMAIN_CREATED],
      [3n, EffectKind.DOMAIN_CREATED],
    ]);
    expect(past.nextSequence).toBe(4n);
    expect(present).toMatchObject({
      gap: undefined,
      effects: [{ sequence: 4n, op: 4n, kind: EffectKind.BOUND, dom: 1, vcpu: 1, port: 1 }],
      nextSequence: 5n,
    });
  });

  it('begins with the next effect where no number is given', async () => {
    const { stream, reader } = watchEffects({});
    // The stream is open once its headers are there.
    stream.on('metadata', () => undefined);
    const port = await bindIpi(0);
    const { stream: second, reader: later } = watchEffects({ fromSequence: 4n });
    await later.next();

    await send(port);

    const { effects } = await reader.next();
    expect(effects[0]!.sequence).toBeGreaterThanOrEqual(4n);
    stream.cancel();
    second.cancel();
  });

  it('filters by domain and by kind', async () => {
    const { stream, reader } = watchEffects({
      fromSequence: 1n,
      doms: [1],
      kinds: [EffectKind.UPCALL, EffectKind.BOUND],
    });

    await call(server.client, evtchn.bindIpi, { machine, caller: 2, vcpu: 0 });
    await send(await bindIpi(2));
    const seen = [...(await reader.next()).effects];
    while (seen.length < 2) seen.push(...(await reader.next()).effects);
    stream.cancel();

    expect(seen).toMatchObject([
      { kind: EffectKind.BOUND, dom: 1, vcpu: 2 },
      { kind: EffectKind.UPCALL, dom: 1, vcpu: 2 },
    ]);
  });

  it('tells a reader who comes too late what it missed, once, and goes on', async () => {
    const port = await bindIpi(0);
    await call(server.client, evtchn.multicall, {
      machine,
      caller: 1,
      ops: Array.from({ length: 1000 }, () => opMessage({ $case: 'send', value: { port } })),
    });

    const { stream, reader } = watchEffects({ fromSequence: 1n });
    const first = await reader.next();
    await send(port);
    const second = await reader.next();
    stream.cancel();

    const { firstEffect } = (await call(server.client, machines.getMachine, { machine })).machine!;
    expect(first.gap).toEqual({ from: 1n, to: firstEffect - 2n });
    expect(first.effects[0]?.sequence).toBe(firstEffect - 1n);
    expect(first.effects).toHaveLength(EFFECTS_KEPT);
    expect(second.gap).toBeUndefined();
    expect(second.effects.map(({ sequence }) => sequence)).toEqual([first.nextSequence]);
  });
});

describe('WatchUpcalls', () => {
  const watch = (fields: { vcpus?: number[] } = {}) => {
    const stream = openStream(server.client, evtchn.watchUpcalls, { machine, dom: 1, ...fields });
    return { stream, reader: new Reader<WatchUpcallsResponse>(stream) };
  };

  it('begins with the vCPUs that have the bit set', async () => {
    await send(await bindIpi(2));

    const { stream, reader } = watch();
    const first = await reader.next();
    stream.cancel();

    expect(first).toEqual({ vcpu: 2, count: 0, masked: true });
  });

  it('tells each time that the bit goes from 0 to 1', async () => {
    const port = await bindIpi(1);
    await send(port);
    const { stream, reader } = watch();
    await reader.next();

    await takeUpcall(1, port);
    await send(port);
    const second = await reader.next();
    stream.cancel();

    expect(second).toEqual({ vcpu: 1, count: 1, masked: true });
  });

  it('tells many upcalls of a vCPU in one message', async () => {
    const port = await bindIpi(1);
    await send(port);
    const { stream, reader } = watch();
    await reader.next();

    const round = [
      opMessage({ $case: 'mUpcall', value: { vcpu: 1, value: 0 } }),
      opMessage({ $case: 'mSel', value: { vcpu: 1, lo: 0, hi: 0 } }),
      opMessage({ $case: 'mClrpend', value: { port } }),
      opMessage({ $case: 'send', value: { port } }),
    ];
    const ops = Array.from({ length: 100 }, () => round).flat();
    await call(server.client, evtchn.multicall, { machine, caller: 1, ops });
    const second = await reader.next();
    stream.cancel();

    expect(second).toEqual({ vcpu: 1, count: 100, masked: true });
  });

  it('holds a count for each vCPU, and no queue, for a client that does not read', async () => {
    const stream = openStream(server.client, evtchn.watchUpcalls, { machine, dom: 1 });
    stream.pause();
    const port = await bindIpi(1);
    const ops = [
      opMessage({ $case: 'mUpcall', value: { vcpu: 1, value: 0 } }),
      opMessage({ $case: 'mSel', value: { vcpu: 1, lo: 0, hi: 0 } }),
      opMessage({ $case: 'mClrpend', value: { port } }),
      opMessage({ $case: 'send', value: { port } }),
    ];
    const rounds = 3000;
    for (let round = 0; round < rounds; round += 1) {
      await call(server.client, evtchn.multicall, { machine, caller: 1, ops });
    }

    const reader = new Reader<WatchUpcallsResponse>(stream);
    let told = 0;
    while (told < rounds) told += (await reader.next()).count;
    stream.cancel();

    expect(told).toBe(rounds);
  });

  it('looks at every vCPU when effects were forgotten before they were read', async () => {
    const quiet = await bindIpi(3);
    const loud = await bindIpi(0);
    await send(loud);
    const { stream, reader } = watch();
    await reader.next();

    // The upcall of vCPU 3 leaves the outbox within the batch that it comes in.
    const noise = Array.from({ length: 2 * EFFECTS_KEPT }, () => loud);
    const ops = [quiet, ...noise].map((port) => opMessage({ $case: 'send', value: { port } }));
    await call(server.client, evtchn.multicall, { machine, caller: 1, ops });
    const told = new Set([(await reader.next()).vcpu, (await reader.next()).vcpu]);
    stream.cancel();

    expect(told).toEqual(new Set([0, 3]));
  });

  it('watches only the vCPUs that are named', async () => {
    const [first, second] = [await bindIpi(1), await bindIpi(2)];
    const { stream, reader } = watch({ vcpus: [2] });

    await send(first);
    await send(second);
    const message = await reader.next();
    stream.cancel();

    expect(message.vcpu).toBe(2);
  });

  it('ends when the domain is destroyed', async () => {
    await send(await bindIpi(0));
    const { reader } = watch();
    await reader.next();

    await call(server.client, domains.destroyDomain, { machine, dom: 1 });

    const ended = await failure(reader.next());
    expect(ended).toMatchObject({ code: 5, reason: 'NO_DOMAIN' });
  });

  it('refuses a domain and a vCPU that are not there', async () => {
    const noDomain = openStream(server.client, evtchn.watchUpcalls, { machine, dom: 9 });
    const noVcpu = watch({ vcpus: [4] });

    expect(await failure(new Reader(noDomain).next())).toMatchObject({ reason: 'NO_DOMAIN' });
    expect(await failure(noVcpu.reader.next())).toMatchObject({ reason: 'BAD_ARGUMENT' });
  });
});
