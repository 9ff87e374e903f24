import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { EventChannelServiceService as evtchn } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as rpc } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { XenVersion } from '../../proto/gen/evtchnd/v1/types.ts';
import { Reader, call, failure, freshName, openStream, serve, upload } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';
import { domainConfig } from './machine-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve({ machines: 24 });
});
afterAll(() => server.stop());

const domains = [domainConfig({ dom: 0, privileged: true }), domainConfig({ dom: 1 })];

async function createMachine(): Promise<string> {
  const machine = freshName();
  await call(server.client, rpc.createMachine, { machine, domains });
  return machine;
}

const stateHash = async (machine: string): Promise<string> =>
  (await call(server.client, rpc.getStateHash, { machine })).stateHash;

async function snapshotOf(machine: string): Promise<string> {
  const stream = openStream(server.client, rpc.snapshotMachine, { machine });
  const messages = await new Reader<{ chunk: Uint8Array }>(stream).rest();
  return Buffer.concat(messages.map(({ chunk }) => chunk)).toString();
}

const restore = (machine: string, text: string) =>
  upload(server.client, rpc.restoreMachine, [
    { machine, chunk: Buffer.from(text.slice(0, 10)) },
    { machine: '', chunk: Buffer.from(text.slice(10)) },
  ]);

describe('MachineService', () => {
  it('has a machine "default" with dom0 and two guests, and a port to bind to', async () => {
    const { client } = server;

    const { machine } = await call(client, rpc.getMachine);
    const { localPort } = await call(client, evtchn.bindInterdomain, {
      caller: 2,
      remoteDom: 1,
      remotePort: 1,
    });

    expect(machine).toMatchObject({ machine: 'default', doms: [0, 1, 2], journalComplete: true });
    expect(machine?.config?.xen).toBe(XenVersion.XEN_VERSION_4_22);
    expect(localPort).toBe(1);
  });

  it('creates, lists and deletes machines', async () => {
    const machine = await createMachine();
    const listed = async () =>
      (await call(server.client, rpc.listMachines)).machines.map((one) => one.machine);

    expect(await listed()).toContain(machine);
    await call(server.client, rpc.deleteMachine, { machine });
    expect(await listed()).not.toContain(machine);
  });

  it('restores a snapshot into a machine that is equal', async () => {
    const machine = await createMachine();
    await call(server.client, evtchn.bindIpi, { machine, caller: 1, vcpu: 0 });

    const copy = freshName();
    await restore(copy, await snapshotOf(machine));

    expect(await stateHash(copy)).toBe(await stateHash(machine));
  });

  it('forks: the two are equal at first and then share nothing', async () => {
    const machine = await createMachine();
    const fork = freshName();

    await call(server.client, rpc.forkMachine, { machine, fork });
    const before = [await stateHash(machine), await stateHash(fork)];
    await call(server.client, evtchn.bindIpi, { machine: fork, caller: 1, vcpu: 0 });

    expect(before[0]).toBe(before[1]);
    expect(await stateHash(machine)).toBe(before[0]);
    expect(await stateHash(fork)).not.toBe(before[0]);
  });

  it('moves virtual time on, and finds no invariant broken', async () => {
    const machine = await createMachine();

    const { nowNs } = await call(server.client, rpc.advanceClock, { machine, ns: 5_000_000n });
    const { violations } = await call(server.client, rpc.checkInvariants, { machine });

    expect(nowNs).toBe(5_000_000n);
    expect(violations).toEqual([]);
  });

  it('gives the journal as JSON lines', async () => {
    const machine = await createMachine();
    await call(server.client, evtchn.bindIpi, { machine, caller: 1, vcpu: 0 });

    const stream = openStream(server.client, rpc.getJournal, { machine });
    const messages = await new Reader<{ chunk: string }>(stream).rest();
    const lines = messages
      .map(({ chunk }) => chunk)
      .join('')
      .trimEnd()
      .split('\n');

    expect(JSON.parse(lines[0]!)).toMatchObject({ format: 'evtchnd-journal/1' });
    expect(JSON.parse(lines.at(-1)!)).toMatchObject({ op: 'bind_ipi', caller: 1 });
  });

  const names = ['', '.hidden', 'a/b', 'ü', 'x'.repeat(65)];
  it.each(names)('refuses %j as a name', async (machine) => {
    const answer = await failure(call(server.client, rpc.createMachine, { machine }));
    expect(answer).toMatchObject({ code: 3, reason: 'BAD_ARGUMENT', domain: 'evtchnd' });
  });

  it('refuses a name that is taken, and an unknown Xen', async () => {
    const machine = await createMachine();
    const config = {
      xen: 99 as XenVersion,
      seed: 0,
      checkInvariants: false,
      resetSlicePorts: 0,
      limits: undefined,
    };

    const taken = await failure(call(server.client, rpc.createMachine, { machine }));
    const unknown = await failure(
      call(server.client, rpc.createMachine, { machine: freshName(), config }),
    );

    expect(taken).toMatchObject({ code: 6, reason: 'MACHINE_EXISTS' });
    expect(unknown).toMatchObject({ code: 3, reason: 'BAD_ARGUMENT' });
    expect(unknown.message).toContain('4.17, 4.20, 4.22');
  });

  it('makes no machine if Xen refuses one of its domains', async () => {
    const machine = freshName();
    const twice = [domainConfig({ dom: 1 }), domainConfig({ dom: 1 })];

    const answer = await failure(
      call(server.client, rpc.createMachine, { machine, domains: twice }),
    );

    expect(answer).toMatchObject({ code: 6, reason: 'EEXIST', domain: 'xen' });
    expect(await failure(call(server.client, rpc.getMachine, { machine }))).toMatchObject({
      code: 5,
      reason: 'NO_MACHINE',
    });
  });

  it('refuses snapshots of another version, damaged ones, and what is none', async () => {
    const text = await snapshotOf(await createMachine());
    const otherVersion = text.replace('evtchnd-snapshot/1', 'evtchnd-snapshot/9');

    for (const bad of [otherVersion, text.slice(0, -40), '{}', 'no snapshot', '']) {
      const answer = await failure(restore(freshName(), bad));
      expect(answer).toMatchObject({ code: 3, reason: 'BAD_SNAPSHOT', domain: 'evtchnd' });
    }
  });

  it('refuses more machines than it takes', async () => {
    const answers = [];
    for (let count = 0; count < 24; count += 1) {
      answers.push(call(server.client, rpc.createMachine, { machine: freshName() }));
    }

    const failures = (await Promise.allSettled(answers)).filter(
      ({ status }) => status === 'rejected',
    );
    expect(failures.length).toBeGreaterThan(0);
    const last = await failure(call(server.client, rpc.createMachine, { machine: freshName() }));
    expect(last).toMatchObject({ code: 8, reason: 'LIMIT' });
  });
});
