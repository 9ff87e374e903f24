import { chmodSync } from 'node:fs';

import { StartError, formatAddress, parseLoopback } from './addresses.ts';
import type { HostPort } from './addresses.ts';
import { BUILD } from './build.ts';
import { DEFAULT_MACHINE } from './config.ts';
import type { Config } from './config.ts';
import { createDefaultMachine } from './default-machine.ts';
import { buildHttpServer } from './http/http-server.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
import { MachineRegistry } from './machines.ts';
import { createMetrics } from './metrics.ts';
import { portHolder } from './port-holder.ts';
import { GrpcServer } from './rpc/grpc-server.ts';
import { claimSocketPath } from './socket-file.ts';

/** A server that listens. Tests start one as main.ts does. */
export interface RunningApp {
  /** HOST:PORT, with the port that was really taken. */
  readonly grpcAddress: string;
  readonly httpAddress: string;
  readonly socket: string | undefined;
  readonly registry: MachineRegistry;
  readonly log: Logger;
  /** Drains: new calls are refused, streams end, unary calls finish. Bounded by drainMs. */
  stop(): Promise<void>;
}

/** Owner only: whoever can connect may do everything, as there is no authentication. */
const SOCKET_MODE = 0o600;

/** Builds everything from `config` and listens. Throws StartError where it cannot. */
export async function startApp(config: Config): Promise<RunningApp> {
  const grpcWanted = parseLoopback(config.grpcAddress, '--grpc-address');
  const httpWanted = parseLoopback(config.httpAddress, '--http-address');
  const log = createLog(config.logLevel);
  const metrics = createMetrics();
  const registry = new MachineRegistry(config.bounds.machines, metrics, log);
  registry.add(DEFAULT_MACHINE, createDefaultMachine(config.xen));

  let readiness: 'starting' | 'ready' | 'draining' = 'starting';
  const draining = () => readiness === 'draining';
  const grpc = new GrpcServer({ registry, metrics, log, bounds: config.bounds, draining });
  const http = await buildHttpServer({
    machines: registry,
    metrics,
    log,
    build: BUILD,
    readiness: () => readiness,
  });
  const stop = async (): Promise<void> => {
    readiness = 'draining';
    grpc.setServing(false);
    registry.drain();
    await grpc.stop(config.bounds.drainMs); // Meanwhile /readyz says that it drains.
    await http.close();
  };
  try {
    const grpcAddress = await listen(grpcWanted, '--grpc-address', (at) =>
      grpc.bind(formatAddress(at)),
    );
    const httpAddress = await listen(httpWanted, '--http-address', async (at) =>
      Number(new URL(await http.listen(at)).port),
    );
    if (config.socket !== undefined) await bindSocket(grpc, config.socket);
    grpc.setServing(true);
    readiness = 'ready';
    return { grpcAddress, httpAddress, socket: config.socket, registry, log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bindSocket(grpc: GrpcServer, path: string): Promise<void> {
  await claimSocketPath(path);
  try {
    await grpc.bind(`unix:${path}`);
    chmodSync(path, SOCKET_MODE);
  } catch (error) {
    throw new StartError(`cannot listen on ${path} (--socket): ${messageOf(error)}`);
  }
}

async function listen(
  wanted: HostPort,
  flag: string,
  bind: (address: HostPort) => Promise<number>,
): Promise<string> {
  try {
    return formatAddress({ host: wanted.host, port: await bind(wanted) });
  } catch (error) {
    const address = formatAddress(wanted);
    if (!messageOf(error).includes('EADDRINUSE')) {
      throw new StartError(`cannot listen on ${address} (${flag}): ${messageOf(error)}`);
    }
    const holder = portHolder(wanted.port);
    const by = holder === undefined ? '' : ` by ${holder}`;
    throw new StartError(`${address} is taken${by}: stop it, or set another address with ${flag}`);
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
