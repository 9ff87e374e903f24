import { isIP } from 'node:net';

/** A setting that cannot be used: the message says what would be right. Exit status 1. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Reads HOST:PORT or [IPV6]:PORT. `flag` names it in messages. */
function parseAddress(text: string, flag: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new StartError(`${flag} ${text}: give HOST:PORT, such as 127.0.0.1:50051 or [::1]:50051`);
  }
  return { host: (match[1] ?? match[2])!, port };
}

/** As parseAddress, but refuses what others than this computer could reach. */
export function parseLoopback(text: string, flag: string): HostPort {
  const address = parseAddress(text, flag);
  if (isLoopback(address.host)) return address;
  throw new StartError(
    `${flag} ${text}: ${address.host} is not a loopback address, and there is no authentication ` +
      'yet. Use 127.0.0.1 or [::1], and forward the port (ssh -L) to reach it from elsewhere',
  );
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

export const formatAddress = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
