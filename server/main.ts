import { logVerbosity, setLogVerbosity } from '@grpc/grpc-js';

import { StartError } from './addresses.ts';
import { startApp } from './app.ts';
import type { RunningApp } from './app.ts';
import { readFlags } from './flags.ts';

/** Exit status of a process ended by signal n is 128 + n, as shells have it. */
const SIGNAL_STATUS = { SIGTERM: 143, SIGINT: 130 } as const;

async function main(): Promise<void> {
  // What grpc-js says on stderr of its own accord, our errors say better.
  setLogVerbosity(logVerbosity.NONE);
  try {
    const app = await startApp(readFlags(process.argv));
    const { grpcAddress, httpAddress, socket, log } = app;
    log.info({ pid: process.pid, grpcAddress, socket, httpAddress }, 'evtchnd serves');
    stopOnSignals(app);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.error(`evtchnd: ${error.message}`);
    process.exitCode = 1;
  }
}

/** The first signal drains, the second ends at once. */
function stopOnSignals({ log, stop }: RunningApp): void {
  let stopping = false;
  const onSignal = (signal: keyof typeof SIGNAL_STATUS): void => {
    if (stopping) process.exit(SIGNAL_STATUS[signal]);
    stopping = true;
    log.info({ signal }, 'draining');
    void stop().then(() => log.info('stopped'));
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
}

await main();
