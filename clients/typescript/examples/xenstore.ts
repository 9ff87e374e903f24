// Not an example: what the two driver examples share. In Xen, drivers find each other through
// xenstore, and their data lies in a ring of shared memory; here both are files in a folder.

import { mkdirSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { XenError } from '../index.ts';
import type { Domain } from '../index.ts';

/** Keys and values that several processes see, and can wait for. */
export class Store {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  /** Empty: it was never written. */
  read(key: string): string {
    try {
      return readFileSync(join(this.#folder, key), 'utf8');
    } catch {
      return '';
    }
  }

  /** Whoever reads sees the old value or the new one, never a part. */
  write(key: string, value: string | number): void {
    const draft = join(this.#folder, `.${key}.${process.pid}`);
    writeFileSync(draft, String(value));
    renameSync(draft, join(this.#folder, key));
  }

  /** A watch: the value now, and whenever it has changed. */
  watch(key: string, changed: (value: string) => void): void {
    let last = '';
    const look = (): void => {
      const value = this.read(key);
      if (value === last) return;
      last = value;
      changed(value);
    };
    watch(this.#folder, look).unref();
    look();
  }

  /** Resolves when the key has a value that is wanted. */
  until(key: string, wanted: (value: string) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const hold = setInterval(() => undefined, 1_000); // The watch alone keeps no process alive.
      this.watch(key, (value) => {
        if (!wanted(value)) return;
        clearInterval(hold);
        resolve();
      });
    });
  }
}

/** Numbers of the last request and the last response in the ring; what its producers write. */
export const RING = { request: 'ring.req-prod', response: 'ring.rsp-prod' } as const;

/** Where the front-end is, and which of its channels the back-end has bound. */
export const CHANNEL = { front: 'front.channel', back: 'back.channel' } as const;

/** Set by whoever has seen enough: the front-end finishes; and what it says then. */
export const STOP = 'stop';
export const DONE = 'front.done';

/** Boots a kernel in the domain, unless it has one. */
export async function ensureGuest(domain: Domain): Promise<Domain> {
  await domain.bootGuest({ rereadsStore: true }).catch((error: unknown) => {
    if (!(error instanceof XenError && error.errno === 'EEXIST')) throw error;
  });
  return domain;
}
