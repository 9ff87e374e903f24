import type { handleUnaryCall } from '@grpc/grpc-js';

import { DOMID_XEN } from '../../core/index.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { byteChunks, lineChunks, writeAll } from '../stream/text-stream.ts';
import type { RpcContext } from './context.ts';
import { createDomainOp } from './domain-config.ts';
import { failureOf, refused } from './failure.ts';
import { createMachine, machineMessage } from './machine-config.ts';
import { addMachine, requireFreeName } from './machine-names.ts';
import { perform } from './one-op.ts';
import { restoreMachine } from './restore-method.ts';
import { serverStreaming } from './streaming.ts';
import { machineOf, unary } from './unary.ts';

/** `evtchnd.v1.MachineService` */
export const machineService = (context: RpcContext): proto.MachineServiceServer => ({
  ...lifeMethods(context),
  ...stateMethods(context),
});

type LifeMethod = 'createMachine' | 'listMachines' | 'getMachine' | 'deleteMachine' | 'forkMachine';

type StateMethod =
  | 'snapshotMachine'
  | 'restoreMachine'
  | 'advanceClock'
  | 'checkInvariants'
  | 'getStateHash'
  | 'getJournal';

/** Machines come, are looked at, and go. */
function lifeMethods(context: RpcContext): Pick<proto.MachineServiceServer, LifeMethod> {
  const { registry } = context;
  return {
    createMachine: createMachineMethod(context),
    listMachines: unary(context, () => ({ machines: registry.list().map(machineMessage) })),
    getMachine: unary(context, ({ machine }) => ({
      machine: machineMessage(machineOf(context, machine)),
    })),
    deleteMachine: unary(context, ({ machine }) => {
      if (machine === '') throw refused('BAD_ARGUMENT', 'say which machine to delete');
      registry.delete(machineOf(context, machine).name);
      return {};
    }),
    forkMachine: unary(context, ({ machine, fork }) => {
      const { machine: original } = machineOf(context, machine);
      requireFreeName(context, fork);
      return { machine: machineMessage(registry.add(fork, original.fork())) };
    }),
  };
}

/** What a machine is as a whole. */
function stateMethods(context: RpcContext): Pick<proto.MachineServiceServer, StateMethod> {
  return {
    snapshotMachine: serverStreaming(context, (stream, { machine }) => {
      const bytes = Buffer.from(JSON.stringify(machineOf(context, machine).machine.snapshot()));
      writeAll(stream, byteChunks(bytes));
    }),
    restoreMachine: restoreMachine(context),
    advanceClock: unary(context, ({ machine, ns }) => {
      const hosted = machineOf(context, machine);
      perform(hosted, { op: 'advance_clock', caller: DOMID_XEN, ns: Number(ns) });
      return { nowNs: BigInt(hosted.machine.nowNs) };
    }),
    checkInvariants: unary(context, ({ machine }) => ({
      violations: machineOf(context, machine).machine.invariantViolations(),
    })),
    getStateHash: unary(context, (request) => {
      const { machine } = machineOf(context, request.machine);
      return { stateHash: machine.stateHash(), opCount: BigInt(machine.opCount) };
    }),
    getJournal: serverStreaming(context, (stream, { machine }) => {
      const text = machineOf(context, machine).machine.journalText();
      writeAll(stream, lineChunks(text));
    }),
  };
}

/** The machine joins the others only once all its domains are made. */
const createMachineMethod = (
  context: RpcContext,
): handleUnaryCall<proto.CreateMachineRequest, proto.CreateMachineResponse> =>
  unary(context, ({ machine: name, config, domains }) => {
    requireFreeName(context, name);
    const machine = createMachine(config);
    for (const domain of domains) {
      const op = createDomainOp(DOMID_XEN, domain);
      const failure = failureOf(op, machine.execute(op));
      if (failure !== undefined) throw failure;
    }
    return { machine: machineMessage(addMachine(context, name, machine)) };
  });
