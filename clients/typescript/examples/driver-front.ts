// The front-end of a split driver: puts numbered requests into a ring, and takes the answers of
// driver-back.ts, which has the commands. Its guest may be suspended at any time: it quiesces, and
// where its channel has not survived, it does as netfront does: unbinds the stale handle, allocates
// a new port, tells the back-end, and looks at the ring, as events are lost with a channel.

import { setTimeout as delay } from 'node:timers/promises';

import { connect } from '../index.ts';
import type { Driver, Resumed } from '../index.ts';
import { CHANNEL, DONE, RING, STOP, Store, ensureGuest } from './xenstore.ts';

const [folder = 'store', machineName = 'default', dom = '1', backDom = '2'] = process.argv.slice(2);
const PACE_MS = 2;
const store = new Store(folder);

class Front {
  readonly #driver: Driver;
  #handle = 0;
  #generation = 0;
  #requested = 0;
  #answered = 0;
  #isConnected = false;
  /** The request under way: a suspend waits for it. */
  #sending = Promise.resolve();
  #stop = false;
  readonly #done = Promise.withResolvers<void>();

  constructor(driver: Driver) {
    this.#driver = driver;
    driver.onSuspending(({ mode }) => this.#quiesce(mode));
    driver.onCancelled(({ mode }) => this.#goOn(`the suspend was ${mode}`));
    driver.onResumed((resumed) => this.#resume(resumed));
  }

  /** Resolves when the last request is answered, after whoever watches has said stop. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  /** A new channel: the back-end binds it, and both look at the ring. */
  async connect(): Promise<void> {
    const bound = await this.#driver.allocAndBindLocalPort({ remoteDom: Number(backDom) }, () =>
      this.#take(),
    );
    this.#handle = bound.handle;
    this.#generation += 1;
    const generation = String(this.#generation);
    store.write(CHANNEL.front, `${this.#driver.dom} ${bound.port} ${generation}`);
    await store.until(CHANNEL.back, (value) => value === generation);
    console.log(`port ${bound.port} of domain ${this.#driver.dom} is bound by the back-end`);
    this.#isConnected = true;
    this.#take();
    await this.#driver.signal(this.#handle);
  }

  /**
   * Puts requests into the ring until told to stop, each after the answer to the one before: a
   * single event that were lost would be the end of it.
   */
  async run(): Promise<void> {
    store.watch(STOP, (value) => (this.#stop = value !== ''));
    while (!this.#stop) {
      await delay(PACE_MS);
      const isIdle = this.#requested === this.#answered;
      if (!this.#isConnected || !isIdle || this.#stop) continue;
      this.#requested += 1;
      store.write(RING.request, this.#requested);
      this.#sending = this.#driver.signal(this.#handle);
      await this.#sending;
    }
    this.#take();
  }

  report(): void {
    console.log(`all ${this.#answered} of ${this.#requested} requests are answered`);
    store.write(DONE, this.#answered);
  }

  #take(): void {
    this.#answered = Math.max(this.#answered, Number(store.read(RING.response)));
    if (this.#stop && this.#answered === this.#requested) this.#done.resolve();
  }

  async #quiesce(mode: string): Promise<void> {
    this.#isConnected = false;
    await this.#sending;
    const open = this.#requested - this.#answered;
    console.log(`quiesced for a suspend (${mode}) after request ${this.#requested}, ${open} open`);
  }

  #goOn(why: string): void {
    console.log(`${why}: going on with what there is`);
    this.#isConnected = true;
  }

  async #resume({ mode, dom: now, handles }: Resumed): Promise<void> {
    const fate = handles.find(({ handle }) => handle === this.#handle)?.fate ?? 'gone';
    if (fate === 'kept') return this.#goOn(`resumed (${mode}) in domain ${now}`);
    console.log(`resumed (${mode}) in domain ${now}: the channel is ${fate}, connecting anew`);
    if (fate === 'stale') await this.#driver.unbind(this.#handle);
    await this.connect();
  }
}

using client = connect();
const domain = await ensureGuest(client.machine(machineName).domain(Number(dom)));
await using driver = await domain.attach({ driver: 'xn0' });
driver.onFault(({ kind, text }) => console.log(`fault: ${kind}: ${text}`));
const front = new Front(driver);
await front.connect();
await Promise.race([front.run().then(() => front.done), driver.closed]);
front.report();
