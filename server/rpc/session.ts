import type { ServerInterceptingCall, ServerInterceptor } from '@grpc/grpc-js';

import { EventChannelServiceService } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { HostedMachine } from '../machines.ts';
import { DirectCall } from '../stream/direct-call.ts';
import type { DirectListener } from '../stream/direct-call.ts';
import { ServerStream } from '../stream/server-stream.ts';
import { readSessionBatch } from './batch-messages.ts';
import type { SessionBatch } from './batch-messages.ts';
import { executeBatch } from './batch.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import type { Caller } from './op-reader.ts';
import { admitRequest, machineOf } from './unary.ts';
import { wireFailure } from './wire-failure.ts';

const { path: SESSION_PATH } = EventChannelServiceService.session;

/** EventChannelService.Session: taken before grpc-js makes streams of it, as it is the fast path. */
export const sessionInterceptor =
  (context: RpcContext): ServerInterceptor =>
  (method, call) =>
    method.path === SESSION_PATH
      ? new DirectCall(call, method.path, (direct) => new Session(context, direct))
      : (call as ServerInterceptingCall); // As it is: its type is narrower than what is needed.

/** The method that the service must have all the same. */
export const takenByInterceptor = (): void => undefined;

/** A stream of batches, each answered in order. */
class Session implements DirectListener {
  readonly #context: RpcContext;
  readonly #stream: ServerStream<Buffer>;
  #hosted: HostedMachine | undefined;
  #caller: Caller = { caller: 0, callerVcpu: 0 };

  constructor(context: RpcContext, call: DirectCall) {
    this.#context = context;
    this.#stream = new ServerStream(context, call);
  }

  onMessage(bytes: Buffer): void {
    if (this.#stream.closed) return;
    try {
      this.#answer(bytes);
    } catch (error) {
      this.#stream.fail(error);
    }
  }

  onHalfClose(): void {
    this.#stream.finish();
  }

  /** Executes a batch and writes its answer. A client that takes none is no longer read. */
  #answer(bytes: Buffer): void {
    const batch = wireFailure(() => readSessionBatch(bytes));
    const hosted = this.#hosted ?? this.#open(batch);
    if (batch.open !== undefined && this.#hosted !== undefined) {
      throw refused('REOPENED', 'the session is open: open another one for another caller');
    }
    this.#hosted = hosted;
    const response = { tag: 0x12, id: batch.id } as const;
    this.#stream.write(executeBatch(hosted, bytes, batch.ranges, this.#caller, response));
  }

  #open({ open }: SessionBatch): HostedMachine {
    admitRequest(this.#context, open);
    if (open === undefined) {
      throw refused('NO_OPEN', 'the first request of a session needs `open`: machine and caller');
    }
    const hosted = machineOf(this.#context, open.machine);
    this.#stream.attach(hosted, 'session');
    this.#caller = { caller: open.caller, callerVcpu: open.callerVcpu };
    return hosted;
  }
}
