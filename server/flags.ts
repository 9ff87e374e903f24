import { Command, InvalidArgumentError, Option } from 'commander';

import { XEN_VERSIONS } from '../core/index.ts';
import type { XenVersion } from '../core/index.ts';
import { BUILD } from './build.ts';
import { DEFAULT_BOUNDS, LOG_LEVELS, completeConfig, defaultSocket } from './config.ts';
import type { Config, LogLevel } from './config.ts';

const DEFAULTS = completeConfig();

/** In place of a path: no Unix socket. */
const OFF = 'off';

interface Flags {
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly socket: string;
  readonly logLevel: LogLevel;
  readonly xen: XenVersion;
  readonly machinesMax: number;
  readonly drainMs: number;
}

/** Reads the command line and the environment; a flag wins. Ends the process for --help. */
export function readFlags(argv: readonly string[]): Config {
  const flags = createCommand().parse(argv).opts<Flags>();
  const { machinesMax, drainMs, socket, ...rest } = flags;
  return completeConfig({
    ...rest,
    socket: socket === OFF ? undefined : socket,
    bounds: { ...DEFAULT_BOUNDS, machines: machinesMax, drainMs },
  });
}

function createCommand(): Command {
  const command = new Command('evtchnd')
    .description('Serves virtual Xen machines over gRPC and HTTP.')
    .version(BUILD.version);
  for (const option of [...addressOptions(), ...otherOptions()]) command.addOption(option);
  return command.addHelpText('after', HELP);
}

const option = (flags: string, description: string, env: string): Option =>
  new Option(flags, description).env(`EVTCHND_${env}`);

function addressOptions(): Option[] {
  const { grpcAddress, httpAddress } = DEFAULTS;
  const grpc = 'gRPC over TCP; loopback only, port 0: any';
  const http = 'HTTP inspection; loopback only, port 0: any';
  const socket = `gRPC over a Unix socket; ${OFF}: none`;
  return [
    option('--grpc-address <host:port>', grpc, 'GRPC_ADDRESS').default(grpcAddress),
    option('--http-address <host:port>', http, 'HTTP_ADDRESS').default(httpAddress),
    option('--socket <path>', socket, 'SOCKET').default(defaultSocket()),
  ];
}

function otherOptions(): Option[] {
  const { logLevel, xen, bounds } = DEFAULTS;
  const xenHelp = 'Xen that the machine "default" behaves as';
  const drainHelp = 'how long calls may go on after SIGTERM';
  return [
    option('--log-level <level>', 'what is logged', 'LOG_LEVEL')
      .choices(LOG_LEVELS)
      .default(logLevel),
    option('--xen <version>', xenHelp, 'XEN').choices(XEN_VERSIONS).default(xen),
    option('--machines-max <count>', 'machines at once', 'MACHINES_MAX')
      .argParser(positive)
      .default(bounds.machines),
    option('--drain-ms <ms>', drainHelp, 'DRAIN_MS').argParser(positive).default(bounds.drainMs),
  ];
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value < 2 ** 31) return value;
  throw new InvalidArgumentError('give a whole number from 1 on.');
}

const HELP = `
The machine "default" exists from the start: dom0 with 2 vCPUs, and domains 1 and 2 with 4 vCPUs
and ports up to 1023 each; port 1 of domain 1 is unbound for domain 2.

SIGTERM or SIGINT: drains and ends with status 0; a second one ends at once. Status 1: it could
not start.`;
