// The back-end of a split driver: answers numbered requests that a front-end puts into a ring, each
// side telling the other by an event. It binds anew whenever the front-end has a new channel.
//
//   npm start                                                            # in another terminal
//   node scripts/run.mjs clients/typescript/examples/driver-back.ts /tmp/store   # and another
//   node scripts/run.mjs clients/typescript/examples/driver-front.ts /tmp/store
//   echo now > /tmp/store/stop                                           # ends both
//
// The folder must be a new one. `npm run demo` runs both, and suspends the front-end's domain under them.

import { connect } from '../index.ts';
import type { Driver } from '../index.ts';
import { CHANNEL, DONE, RING, Store, ensureGuest } from './xenstore.ts';

const [folder = 'store', machineName = 'default', dom = '2'] = process.argv.slice(2);
const store = new Store(folder);

class Back {
  readonly #driver: Driver;
  #handle: number | undefined;
  #answered = 0;
  #interrupts = 0;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  /** The front-end has a channel: "domid port generation". */
  async connect(channel: string): Promise<void> {
    const [remoteDom, remotePort, generation] = channel.split(' ').map(Number);
    if (this.#handle !== undefined) await this.#driver.unbind(this.#handle);
    const bound = await this.#driver.bindRemotePort(
      { remoteDom: remoteDom!, remotePort: remotePort! },
      () => this.#answer(),
    );
    this.#handle = bound.handle;
    await this.#driver.describe(bound.handle, `ring of domain ${remoteDom}`);
    store.write(CHANNEL.back, generation!);
    console.log(`bound port ${remotePort} of domain ${remoteDom}: own port ${bound.port}`);
  }

  report(): void {
    console.log(`answered ${this.#answered} requests, told by ${this.#interrupts} interrupts`);
  }

  /** Answers the request that is in the ring, if it is a new one, and tells the front-end once. */
  async #answer(): Promise<void> {
    this.#interrupts += 1;
    const produced = Number(store.read(RING.request));
    if (produced === this.#answered) return;
    if (produced !== this.#answered + 1) throw new Error(`${produced} after ${this.#answered}`);
    this.#answered = produced;
    store.write(RING.response, this.#answered);
    if (this.#handle !== undefined) await this.#driver.signal(this.#handle);
  }
}

using client = connect();
const domain = await ensureGuest(client.machine(machineName).domain(Number(dom)));
await using driver = await domain.attach({ driver: 'xnb0' });
const back = new Back(driver);
driver.onFault(({ kind, text }) => console.log(`fault: ${kind}: ${text}`));

let connecting = Promise.resolve();
store.watch(CHANNEL.front, (channel) => {
  connecting = connecting.then(() => back.connect(channel));
});
await Promise.race([store.until(DONE, (value) => value !== ''), driver.closed]);
await connecting;
back.report();
