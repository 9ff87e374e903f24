import { status as GrpcStatus } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ERRNO, Machine } from '../../core/index.ts';
import { STATUS_OF_ERRNO } from '../../server/rpc/status.ts';
import { EventChannelServiceService as rpc } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { Errno } from '../../proto/gen/evtchnd/v1/types.ts';
import { Reader, call, failure, freshName, openStream, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

describe('the status of a failed call', () => {
  const table = [
    ['EINVAL', 'INVALID_ARGUMENT'],
    ['EFAULT', 'INVALID_ARGUMENT'],
    ['ENXIO', 'INVALID_ARGUMENT'],
    ['ESRCH', 'NOT_FOUND'],
    ['ENOENT', 'NOT_FOUND'],
    ['EEXIST', 'ALREADY_EXISTS'],
    ['EPERM', 'PERMISSION_DENIED'],
    ['EACCES', 'PERMISSION_DENIED'],
    ['ENOSPC', 'RESOURCE_EXHAUSTED'],
    ['ENOMEM', 'RESOURCE_EXHAUSTED'],
    ['EOVERFLOW', 'RESOURCE_EXHAUSTED'],
    ['EBUSY', 'FAILED_PRECONDITION'],
    ['EAGAIN', 'ABORTED'],
    ['ERESTART', 'ABORTED'],
    ['ENOSYS', 'UNIMPLEMENTED'],
    ['EOPNOTSUPP', 'UNIMPLEMENTED'],
  ] as const;

  it.each(table)('is, for %s, %s', (errno, status) => {
    expect(GrpcStatus[STATUS_OF_ERRNO[errno]]).toBe(status);
    expect(Errno[errno]).toBe(ERRNO[errno]);
  });

  it('is decided for every errno, and the contract has them all', () => {
    expect(table.map(([errno]) => errno).sort()).toEqual(Object.keys(ERRNO).sort());
    expect(Object.keys(Errno).sort()).toEqual(['UNSPECIFIED', ...Object.keys(ERRNO)].sort());
  });

  it('carries the errno, the op and what would be right', async () => {
    const answer = await failure(call(server.client, rpc.send, { caller: 1, port: 77 }));

    expect(answer).toEqual({
      code: GrpcStatus.INVALID_ARGUMENT,
      message:
        'send {port: 77} by domain 1 vCPU 0: EINVAL: the port must be open, and unbound, ' +
        'interdomain or IPI; not consumed by Xen',
      reason: 'EINVAL',
      domain: 'xen',
      metadata: { errno: '22', op: 'send' },
      xenErrno: '22',
    });
  });

  it('has no errno where Xen was not asked', async () => {
    const answer = await failure(call(server.client, rpc.send, { caller: 9, port: 1 }));

    expect(answer).toMatchObject({
      code: GrpcStatus.NOT_FOUND,
      reason: 'NO_CALLER',
      domain: 'evtchnd',
      xenErrno: undefined,
    });
  });

  it('is DEADLINE_EXCEEDED when a deadline has passed, and nothing ran', async () => {
    const machine = freshName();
    server.app.registry.add(machine, Machine.create());
    const before = server.app.registry.get(machine)!.machine.opCount;

    const late = call(server.client, machines.advanceClock, { machine, ns: 1n }, { deadline: 1 });

    await expect(late).rejects.toMatchObject({ code: GrpcStatus.DEADLINE_EXCEEDED });
    expect(server.app.registry.get(machine)!.machine.opCount).toBe(before);
  });
});

describe('a machine whose assertion fires', () => {
  it('is retired and gives its journal, while others go on', async () => {
    const { client, app } = server;
    const machine = freshName();
    const { machine: broken } = app.registry.add(machine, Machine.create());
    // No op is known to trip an assertion, so one is made to: the outbox is part of every effect.
    broken.outbox.emit = () => {
      throw new Error('the outbox must be whole');
    };

    const first = await failure(call(client, machines.advanceClock, { machine, ns: 1n }));
    const second = await failure(call(client, machines.advanceClock, { machine, ns: 1n }));
    const shown = await call(client, machines.getMachine, { machine });
    const chunks = await new Reader<{ chunk: string }>(
      openStream(client, machines.getJournal, { machine }),
    ).rest();
    const others = await call(client, machines.advanceClock, { ns: 1n });

    for (const answer of [first, second]) {
      expect(answer).toMatchObject({ code: GrpcStatus.FAILED_PRECONDITION, reason: 'RETIRED' });
      expect(answer.message).toContain('the outbox must be whole');
      expect(answer.message).toContain('GetJournal');
    }
    expect(shown.machine?.retired).toEqual({ message: 'the outbox must be whole', op: 1n });
    expect(chunks.map(({ chunk }) => chunk).join('')).toContain('advance_clock');
    expect(others.nowNs).toBe(1n);
  });
});
