// `npm run demo`: a server, a split driver in two processes, and suspends of the front-end's domain
// under it, told as they happen. Ends by itself: status 0 only if every request was answered.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { styleText } from 'node:util';

import { connect } from '../clients/typescript/index.ts';
import type { Machine, SuspendOptions } from '../clients/typescript/index.ts';
import { DONE, RING, STOP, Store } from '../clients/typescript/examples/xenstore.ts';
import { startApp } from '../server/app.ts';
import { completeConfig } from '../server/config.ts';

/** The whole demo takes a few seconds. */
const LIMIT_MS = 60_000;
/** Requests that must be answered between two suspends. */
const ANSWERS_BETWEEN = 40;
const FRONT = 1;
const BACK = 2;

type Colour = 'cyan' | 'yellow' | 'magenta';

const start = performance.now();

function say(who: string, colour: Colour, line: string): void {
  const seconds = ((performance.now() - start) / 1e3).toFixed(2).padStart(6);
  console.log(
    `${seconds}  ${styleText(colour, who.padEnd(9), { stream: process.stdout })}  ${line}`,
  );
}

const tell = (line: string): void => say('toolstack', 'magenta', line);

/** What the toolstack does, and why. */
const ACTS: readonly { readonly title: string; readonly options: SuspendOptions }[] = [
  { title: 'a real suspend: a new domain, none of the old ports', options: { mode: 'real' } },
  { title: 'a cancelled suspend: nothing changes', options: { mode: 'cancelled' } },
  {
    title: 'a checkpoint: the image is taken, and the guest goes on',
    options: { mode: 'checkpoint' },
  },
  {
    title: 'an uncooperative one: the guest thinks it has moved, and its ports are all there',
    options: { mode: 'uncooperative' },
  },
  {
    title: 'a real suspend, where three ports come before that of xenstore',
    options: { mode: 'real', precreate: 3 },
  },
];

/** Runs an example as a process of its own; what it prints is part of the story. */
function startDriver(name: string, colour: Colour, args: readonly string[], address: string) {
  const file = join(import.meta.dirname, `../clients/typescript/examples/driver-${name}.ts`);
  const flags = ['--disable-warning=ExperimentalWarning', file, ...args];
  const child = spawn(process.execPath, flags, {
    env: { ...process.env, EVTCHND_ADDRESS: address },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const who = name === 'front' ? 'front-end' : 'back-end';
  createInterface(child.stdout).on('line', (line) => say(who, colour, line));
  const ended = new Promise<number>((resolve) =>
    child.on('close', (status) => resolve(status ?? 1)),
  );
  return { child, ended };
}

async function play(machine: Machine, store: Store): Promise<void> {
  const answers = async (): Promise<void> => {
    const target = Number(store.read(RING.response)) + ANSWERS_BETWEEN;
    await store.until(RING.response, (value) => Number(value) >= target);
    tell(`${store.read(RING.response)} requests answered`);
  };
  let domain = machine.domain(FRONT);
  await answers();
  for (const { title, options } of ACTS) {
    tell(styleText('bold', title, { stream: process.stdout }));
    const result = await domain.suspend({ ...options, deadlineMs: 10_000 });
    ({ domain } = result);
    const fates = result.handles.map(({ handle, fate }) => `${handle} ${fate}`).join(', ');
    const { storePort } = await domain.guest();
    tell(`${result.mode}: domain ${domain.dom}, xenstore's port ${storePort}; handles ${fates}`);
    await answers();
  }
  store.write(STOP, 'now');
}

/** Answers whether nothing was lost. */
async function perform(address: string, folder: string): Promise<boolean> {
  using client = connect(address);
  const domains = [
    { dom: 0, privileged: true },
    { dom: FRONT, vcpus: 2 },
    { dom: BACK, vcpus: 2 },
  ];
  const machine = await client.createMachine({ name: 'demo', domains });
  for (const dom of [FRONT, BACK]) await machine.domain(dom).bootGuest({ rereadsStore: true });
  tell(`domains ${FRONT} and ${BACK} run kernels; their drivers are two other processes`);
  const store = new Store(folder);
  const back = startDriver('back', 'yellow', [folder, 'demo', String(BACK)], address);
  const front = startDriver(
    'front',
    'cyan',
    [folder, 'demo', String(FRONT), String(BACK)],
    address,
  );
  const stop = (child: ChildProcess) => child.kill();
  try {
    const drivers = Promise.all([back.ended, front.ended]);
    await Promise.race([play(machine, store), drivers]);
    const statuses = await drivers;
    const requests = Number(store.read(RING.request));
    const answered = Number(store.read(DONE));
    tell(
      `${requests} requests, ${answered} answered; the drivers ended with ${statuses.join(', ')}`,
    );
    const violations = await machine.checkInvariants();
    for (const violation of violations) tell(violation);
    return answered > 0 && requests === answered && [...statuses, violations.length].every(isZero);
  } finally {
    stop(back.child);
    stop(front.child);
  }
}

const isZero = (value: number): boolean => value === 0;

const folder = mkdtempSync(join(tmpdir(), 'evtchnd-demo-'));
const app = await startApp(
  completeConfig({
    grpcAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    socket: undefined,
    logLevel: 'silent',
  }),
);
const late = setTimeout(() => {
  console.error(`the demo has not ended in ${LIMIT_MS / 1e3} s: an event was lost`);
  process.exit(1);
}, LIMIT_MS);
try {
  tell(`evtchnd serves at ${app.grpcAddress}`);
  const isWhole = await perform(app.grpcAddress, folder);
  tell(isWhole ? 'nothing was lost' : 'something was lost');
  process.exitCode = isWhole ? 0 : 1;
} finally {
  clearTimeout(late);
  await app.stop();
  rmSync(folder, { recursive: true });
}
