import { type Socket, connect as connectSocket, type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { HttpServer } from '../../server/http/context.ts';

export const EFFECTS = '/v1/machines/default/effects';

/** One server-sent event as it came; `data` is decoded. */
export interface ReceivedEvent {
  readonly event: string;
  readonly id: number;
  readonly data: { readonly sequence: number; readonly from: number; readonly to: number };
}

/** A client of one effect stream on a socket of its own, which reads only when it is told to. */
export class StreamClient {
  readonly socket: Socket;
  #text = '';
  #closed = false;

  constructor(app: HttpServer, { url = EFFECTS, headers = '' } = {}) {
    const { port } = app.server.address() as AddressInfo;
    this.socket = connectSocket(port, '127.0.0.1');
    this.socket.on('close', () => {
      this.#closed = true;
    });
    this.socket.on('error', () => {});
    this.socket.write(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`);
    onTestFinished(() => void this.socket.destroy());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Begins to read, or goes on. */
  read(): this {
    if (this.socket.listenerCount('data') === 0) {
      this.socket.setEncoding('utf8').on('data', (chunk: string) => {
        this.#text += chunk;
      });
    }
    this.socket.resume();
    return this;
  }

  /** Everything so far, the frames of chunked encoding taken out. */
  get text(): string {
    return this.#text.replaceAll(/\r\n[\da-f]+\r\n/g, '');
  }

  get events(): ReceivedEvent[] {
    const blocks = this.text.matchAll(/(?:id: (\d+)\n)?event: (\w+)\ndata: (.*)\n\n/g);
    return [...blocks].map(([, id, event, data]) => ({
      event: event!,
      id: Number(id),
      data: JSON.parse(data!),
    }));
  }
}

export async function listen(app: HttpServer): Promise<void> {
  await app.listen({ host: '127.0.0.1', port: 0 });
}

/** Lets everything that is ready to run, run. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
