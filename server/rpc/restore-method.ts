import type { handleClientStreamingCall } from '@grpc/grpc-js';

import { ConfigError, Machine, SnapshotError } from '../../core/index.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { clientStreaming } from './client-streaming.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { machineMessage } from './machine-config.ts';
import { addMachine, requireFreeName } from './machine-names.ts';

/** Makes a new machine of an uploaded snapshot. */
export const restoreMachine = (
  context: RpcContext,
): handleClientStreamingCall<proto.RestoreMachineRequest, proto.RestoreMachineResponse> =>
  clientStreaming(context, ({ first, bytes }) => {
    requireFreeName(context, first.machine);
    const machine = restore(parse(bytes));
    return { machine: machineMessage(addMachine(context, first.machine, machine)) };
  });

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw refused('BAD_SNAPSHOT', 'not JSON: send what SnapshotMachine gave, all chunks joined');
  }
}

function restore(snapshot: unknown): Machine {
  try {
    return Machine.restore(snapshot);
  } catch (error) {
    if (error instanceof SnapshotError || error instanceof ConfigError) {
      throw refused('BAD_SNAPSHOT', error.message);
    }
    throw error;
  }
}
