import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A way to a service that can break, while the service itself goes on. */
export class TcpProxy {
  readonly address: string;
  readonly #sockets: Set<Socket>;

  constructor(address: string, sockets: Set<Socket>) {
    this.address = address;
    this.#sockets = sockets;
  }

  /** Breaks every connection there is; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

export async function startProxy(target: string): Promise<TcpProxy> {
  const port = Number(target.split(':').at(-1));
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    return socket.on('error', () => undefined);
  };
  const server = createServer((near) => {
    const far = keep(connect(port, '127.0.0.1'));
    keep(near).pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return new TcpProxy(`127.0.0.1:${(server.address() as AddressInfo).port}`, sockets);
}
