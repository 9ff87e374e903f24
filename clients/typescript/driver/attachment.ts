import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';

import { InterruptServiceService as methods } from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type {
  AttachOpen,
  AttachRequest,
  AttachResponse,
  Attached,
} from '../../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { Backoff } from '../wire/backoff.ts';
import { isBroken } from '../wire/wire.ts';
import type { Wire } from '../wire/wire.ts';

type Stream = ClientDuplexStream<AttachRequest, AttachResponse>;
type Told = Exclude<NonNullable<AttachResponse['message']>, { $case: 'attached' }>;

/** Who hears what the service tells a driver. */
export interface AttachmentListener {
  /** The session is open, or open again. */
  attached(attached: Attached): void;
  told(message: Told): void;
  /** Undefined: the driver has left. Else the session is lost, or was never open. */
  ended(error: Error | undefined): void;
}

/** The stream of a driver, opened again within the lease where its connection breaks. */
export class Attachment {
  readonly #wire: Wire;
  readonly #listener: AttachmentListener;
  #open: AttachOpen;
  #stream: Stream | undefined;
  #backoff: Backoff | undefined;
  readonly #stop = new AbortController();

  constructor(wire: Wire, open: AttachOpen, listener: AttachmentListener) {
    this.#wire = wire;
    this.#open = open;
    this.#listener = listener;
    this.#connect();
  }

  /** Lost where the connection is broken: the service tells again what it had told. */
  send(message: AttachRequest['message']): void {
    this.#stream?.write({ message });
  }

  /** Ends it here; the session waits for its lease to end. */
  cancel(): void {
    this.#stop.abort();
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.cancel();
    this.#listener.ended(undefined);
  }

  #connect(): void {
    const stream = this.#wire.duplex(methods.attach);
    this.#stream = stream;
    stream.on('data', ({ message }: AttachResponse) => {
      if (this.#stream !== stream || message === undefined) return;
      if (message.$case === 'attached') this.#attached(message.value);
      else this.#listener.told(message);
    });
    stream.on('error', (error: ServiceError) => this.#failed(stream, error));
    stream.on('end', () => {
      if (this.#stream === stream) stream.end();
    });
    stream.on('status', ({ code }: { code: number }) => {
      if (code === 0 && this.#stream === stream) this.#end(undefined);
    });
    stream.write({ message: { $case: 'open', value: this.#open } });
  }

  #attached(attached: Attached): void {
    this.#open = { ...this.#open, session: attached.session };
    this.#backoff = new Backoff(attached.leaseMs);
    this.#listener.attached(attached);
  }

  #failed(stream: Stream, cause: ServiceError): void {
    if (this.#stream !== stream) return;
    const error = this.#wire.explain(cause);
    // What was never open is the caller's to open.
    if (this.#backoff === undefined || !isBroken(error)) return this.#end(error);
    this.#stream = undefined;
    void this.#reconnect(this.#backoff, error);
  }

  async #reconnect(backoff: Backoff, error: Error): Promise<void> {
    const mayTry = await backoff.wait(this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    try {
      if (mayTry) return this.#connect();
    } catch {
      // The client was closed meanwhile: there is no way back.
    }
    this.#end(error);
  }

  #end(error: Error | undefined): void {
    this.#stream = undefined;
    this.#stop.abort();
    this.#listener.ended(error);
  }
}
