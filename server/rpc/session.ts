import type { ServerDuplexStream } from '@grpc/grpc-js';

import type { HostedMachine } from '../machines.ts';
import { ServerStream } from '../stream/server-stream.ts';
import { readSessionBatch } from './batch-messages.ts';
import type { SessionBatch } from './batch-messages.ts';
import { executeBatch } from './batch.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import type { Caller } from './op-reader.ts';
import { admitRequest, machineOf } from './unary.ts';
import { wireFailure } from './wire-failure.ts';

type SessionCall = ServerDuplexStream<Buffer, Buffer>;

/** EventChannelService.Session: a stream of batches, each answered in order. */
export const session =
  (context: RpcContext) =>
  (call: SessionCall): void => {
    void new Session(context, call);
  };

class Session {
  readonly #context: RpcContext;
  readonly #stream: ServerStream<Buffer>;
  #hosted: HostedMachine | undefined;
  #caller: Caller = { caller: 0, callerVcpu: 0 };

  constructor(context: RpcContext, call: SessionCall) {
    this.#context = context;
    this.#stream = new ServerStream(context, call);
    call.on('data', (bytes: Buffer) => {
      if (this.#stream.closed) return;
      try {
        // Answers that the client does not take stop the reading: it then cannot send either.
        if (!this.#answer(bytes)) call.pause();
      } catch (error) {
        this.#stream.fail(error);
      }
    });
    this.#stream.onDrain(() => call.resume());
    call.on('end', () => this.#stream.finish());
  }

  /** Executes a batch and writes its answer; false: the client is slow to take answers. */
  #answer(bytes: Buffer): boolean {
    const batch = wireFailure(() => readSessionBatch(bytes));
    const hosted = this.#hosted ?? this.#open(batch);
    if (batch.open !== undefined && this.#hosted !== undefined) {
      throw refused('REOPENED', 'the session is open: open another one for another caller');
    }
    this.#hosted = hosted;
    const response = { tag: 0x12, id: batch.id } as const;
    return this.#stream.write(executeBatch(hosted, bytes, batch.ranges, this.#caller, response));
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
