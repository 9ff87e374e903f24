// What an interrupt costs that a driver handles remotely, beside a bare stream of grpc-js.

import { connect } from '../clients/typescript/index.ts';
import type { Client } from '../clients/typescript/index.ts';
import { op } from '../clients/typescript/index.ts';
import { AttachResponse } from '../proto/gen/evtchnd/v1/interrupt_service.ts';
import { AttachDriver } from './attach-driver.ts';
import { startPeer } from './child.ts';
import { compare, inTurn } from './compare.ts';
import type { Pair } from './compare.ts';
import { print } from './measure.ts';

/** Interrupts that are outstanding at once, each of a handle of its own. */
const HANDLES = 64;
/** Often enough that no port is ever without an event: what comes too early coalesces. */
const HANDLED_PER_BATCH = HANDLES / 2;
const SLICE_MS = 200;
const TURNS = { warm: 4, pairs: 8, servers: 3 } as const;

const filled = new WeakSet<AttachDriver>();
const pairs: Pair[] = [];
for (let servers = 0; servers < TURNS.servers; servers += 1) pairs.push(...(await measure()));
const { ours, peer, ratio } = compare(pairs);
print(`Attach: ${HANDLES} handles, an event pending on each`, [
  { what: 'interrupts told and handled', value: ours, unit: '/s' },
  { what: '  peer: bidi stream, each message acknowledged', value: peer, unit: '/s' },
  { what: '  ours / peer', value: ratio, unit: '', target: { least: 0.6 } },
]);

/** Measures everything once, with new servers. */
async function measure(): Promise<Pair[]> {
  await using evtchnd = await startPeer(new URL('./evtchnd-server.ts', import.meta.url));
  await using echo = await startPeer(new URL('./echo-server.ts', import.meta.url));
  using client = connect(evtchnd.address);
  using driver = new AttachDriver(evtchnd.address);
  const send = await connectChannels(client, driver);
  using bare = AttachDriver.ofEcho(echo.address);
  await bare.exchange(template());
  let handled = 0;
  const refill = (): void => {
    handled += 1;
    if (handled % HANDLED_PER_BATCH === 0) send();
  };
  const { warm, pairs: count } = TURNS;
  return await inTurn({
    ours: () => driver.run(SLICE_MS, send, refill),
    peer: () =>
      bare.run(
        SLICE_MS,
        () => fillOnce(bare),
        () => undefined,
      ),
    warm,
    pairs: count,
  });
}

/** Opens a session and its channels. Answers how to send on all of them, from the far ends. */
async function connectChannels(client: Client, driver: AttachDriver): Promise<() => void> {
  const machine = client.machine();
  const [near, far] = [machine.domain(1), machine.domain(2)] as const;
  await near.bootGuest({ noStore: true });
  const blank = { machine: '', dom: 1, driver: 'bench', leaseMs: 0, session: '', token: 0 };
  const told = await driver.exchange({ message: { $case: 'open', value: blank } });
  if (told.$case !== 'attached') throw new Error(told.$case);
  const ports: number[] = [];
  for (let handle = 0; handle < HANDLES; handle += 1) {
    const offered = await far.allocUnbound({ remoteDom: near.dom });
    await driver.bind(far.dom, offered.number, told.value.token);
    ports.push(offered.number);
  }
  const session = far.session();
  const batch = ports.map((port) => op.send({ port }));
  return () => void session.run(batch).catch(() => undefined); // The last ones are cut off.
}

/** Each answer asks the echo for its next message: so many are under way from the start on. */
function fillOnce(bare: AttachDriver): void {
  if (filled.has(bare)) return;
  filled.add(bare);
  for (let handle = 1; handle <= HANDLES; handle += 1) bare.answer(handle, 1n);
}

/** An interrupt as it comes after a while. */
function template(): Buffer {
  const value = { handle: 40, port: 40, vcpu: 0, sequence: 100_000n };
  return Buffer.from(AttachResponse.encode({ message: { $case: 'interrupt', value } }).finish());
}
