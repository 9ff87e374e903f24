import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a child may take until it answers, or to end: more means that it hangs. */
const PATIENCE_MS = 30_000;

/** Runs a file of this folder to its end, and gives what it told. */
export async function ask<Answer>(file: URL, args: readonly string[]): Promise<Answer> {
  await using child = start(file, args);
  return await child.told<Answer>();
}

/** Tells the parent. */
export function tell(answer: unknown): void {
  process.send!(answer);
}

/** A server in a process of its own. */
export interface Peer extends AsyncDisposable {
  /** HOST:PORT of its gRPC. */
  readonly address: string;
}

/** Starts a file of this folder that ends with `serve`. */
export async function startPeer(file: URL): Promise<Peer> {
  const child = start(file, []);
  const address = await child.told<string>();
  return { address, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

/** Tells the parent where this process listens, and ends when the parent has gone. */
export function serve(address: string): void {
  process.on('disconnect', () => process.exit());
  tell(address);
}

interface Child extends AsyncDisposable {
  told<Answer>(): Promise<Answer>;
}

function start(file: URL, args: readonly string[]): Child {
  const child = fork(file, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  return {
    told: <Answer>() => firstMessage(child, file) as Promise<Answer>,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exited;
    },
  };
}

async function firstMessage(child: ChildProcess, file: URL): Promise<unknown> {
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    const gone = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${file.pathname} ended with status ${code} and told nothing`);
    });
    const [message] = await Promise.race([once(child, 'message', { signal }), gone]);
    return message;
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    stop.abort();
  }
}
