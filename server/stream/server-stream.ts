import { status as GrpcStatus } from '@grpc/grpc-js';

import type { EndReason, HostedMachine } from '../machines.ts';
import type { StreamKind } from '../metrics.ts';
import type { RpcContext } from '../rpc/context.ts';
import { draining, refused, report } from '../rpc/failure.ts';
import type { RpcFailure } from '../rpc/failure.ts';
import type { StreamCall } from './stream-call.ts';

/**
 * One open stream, from its start to its end, which comes once: by us, by the client, by its
 * connection, or because the machine or the server goes. Nothing else ends a stream.
 */
export class ServerStream<Message> {
  readonly #call: StreamCall<Message>;
  readonly #context: RpcContext;
  readonly #start = performance.now();
  readonly #closers: (() => void)[] = [];
  #closed = false;

  constructor(context: RpcContext, call: StreamCall<Message>) {
    this.#call = call;
    this.#context = context;
    call.onGone(() => this.#close(GrpcStatus.CANCELLED));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Takes one of the places for streams of this kind on the machine, and ends with it. */
  attach(hosted: HostedMachine, kind: StreamKind): void {
    const where = `machine "${hosted.name}"`;
    this.onClose(takePlace(this.#context, hosted, where, kind));
    this.onClose(hosted.onEnd((reason) => this.fail(endFailure(reason, hosted.name))));
  }

  /** The same for a stream that works in a machine of its own. */
  attachToServer(kind: StreamKind): void {
    const { registry } = this.#context;
    this.onClose(takePlace(this.#context, registry, 'the server', kind));
    this.onClose(registry.onDrain(() => this.fail(draining())));
  }

  /** Runs when the stream has ended, however. */
  onClose(closer: () => void): void {
    this.#closers.push(closer);
  }

  /** False: the client does not keep up; produce nothing more until onDrain. */
  write(message: Message): boolean {
    return this.#closed || this.#call.write(message);
  }

  onDrain(listener: () => void): void {
    this.#call.onDrain(() => {
      if (!this.#closed) this.run(listener);
    });
  }

  /** Runs a listener; whatever it throws ends the stream. */
  run(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.fail(error);
    }
  }

  finish(): void {
    if (this.#closed) return;
    this.#close(GrpcStatus.OK);
    this.#call.end();
  }

  fail(error: unknown): void {
    if (this.#closed) return;
    const failure: RpcFailure = report(this.#context, error);
    this.#close(failure.code);
    this.#call.fail(failure);
  }

  #close(code: GrpcStatus): void {
    if (this.#closed) return;
    this.#closed = true;
    const seconds = (performance.now() - this.#start) / 1e3;
    this.#context.metrics.grpcRequest(this.#call.getPath(), GrpcStatus[code], seconds);
    for (const closer of this.#closers.splice(0)) closer();
  }
}

function endFailure(reason: EndReason, machine: string): RpcFailure {
  if (reason === 'draining') return draining();
  return refused('MACHINE_DELETED', `machine "${machine}" was deleted`);
}

/** How many streams of each kind a machine has, or the server besides them. */
const placesTaken = new WeakMap<object, Map<StreamKind, number>>();

function takePlace(
  context: RpcContext,
  owner: object,
  where: string,
  kind: StreamKind,
): () => void {
  const taken = placesTaken.get(owner) ?? new Map<StreamKind, number>();
  placesTaken.set(owner, taken);
  const count = taken.get(kind) ?? 0;
  const most = context.bounds.streamsPerMachine;
  if (count >= most) {
    throw refused('LIMIT', `${where} has its ${most} streams of kind ${kind}: end some`);
  }
  taken.set(kind, count + 1);
  const gone = context.metrics.streamOpened(kind);
  return () => {
    taken.set(kind, taken.get(kind)! - 1);
    gone();
  };
}
