import { onTestFinished } from 'vitest';
import { connect } from '../../../clients/typescript/index.ts';
import type {
  Client,
  ConnectOptions,
  DomainConfig,
  Machine,
  NewMachine,
} from '../../../clients/typescript/index.ts';
import { startApp } from '../../../server/app.ts';
import type { RunningApp } from '../../../server/app.ts';
import { completeConfig, DEFAULT_BOUNDS } from '../../../server/config.ts';
import type { Config } from '../../../server/config.ts';

/** A service of this test's own, which ends with it. */
export async function startService(config: Partial<Config> = {}): Promise<RunningApp> {
  const app = await startApp(
    completeConfig({
      grpcAddress: '127.0.0.1:0',
      httpAddress: '127.0.0.1:0',
      socket: undefined,
      logLevel: 'silent',
      bounds: { ...DEFAULT_BOUNDS, drainMs: 100 },
      ...config,
    }),
  );
  onTestFinished(() => app.stop());
  return app;
}

/** A client that is closed when the test ends. */
export function connectTo(address: string, options: ConnectOptions = {}): Client {
  const client = connect(address, options);
  onTestFinished(() => client.close());
  return client;
}

const DOM0: DomainConfig = { dom: 0, privileged: true };

/** A service with a machine `lab`: dom0 and two guests with two vCPUs each. */
export async function startLab(
  config: Partial<NewMachine> = {},
): Promise<{ app: RunningApp; client: Client; machine: Machine }> {
  const app = await startService();
  const client = connectTo(app.grpcAddress);
  const domains = [DOM0, { dom: 1, vcpus: 2 }, { dom: 2, vcpus: 2 }];
  const machine = await client.createMachine({ name: 'lab', domains, ...config });
  return { app, client, machine };
}
