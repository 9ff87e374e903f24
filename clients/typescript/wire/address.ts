/** Where evtchnd listens unless it is told otherwise. */
export const DEFAULT_ADDRESS = '127.0.0.1:50051';

/** The environment variable that names another address. */
export const ADDRESS_VARIABLE = 'EVTCHND_ADDRESS';

const HOST_AND_PORT = /^(?:\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/;
const SOCKET = /^unix:(?:\/\/)?([^/].*|\/.+)$/;

/**
 * The address as grpc-js takes it. Throws TypeError for anything but `host:port`, `[v6]:port` and
 * `unix:path`, so that a typing error is not looked up in the DNS.
 */
export function parseAddress(address: string): string {
  const path = SOCKET.exec(address)?.[1];
  if (path !== undefined) return `unix:${path}`;

  const port = HOST_AND_PORT.exec(address)?.[1];
  if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return address;

  const right = `host:port such as ${DEFAULT_ADDRESS}, or unix:path`;
  throw new TypeError(`"${address}" is no address: give ${right}`);
}
