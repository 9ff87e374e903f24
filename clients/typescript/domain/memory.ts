import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { actionToProto, high, low } from '../batch/memory-ops.ts';
import type { AtomicAccess } from '../batch/memory-ops.ts';
import { pageFields } from '../page.ts';
import type { Page } from '../page.ts';
import type { Wire } from '../wire/wire.ts';
import type { Caller } from './guest.ts';
import { Word } from './word.ts';

/** Where a word lies: `offset` bytes into a page of the domain. */
export interface Place {
  readonly page: Page;
  readonly offset: number;
}

/**
 * The pages of a domain, byte for byte as its kernel sees them. No access here is a hypercall, and
 * Xen is not told. Frames of 4096 bytes; words are little-endian.
 */
export class Memory {
  readonly #wire: Wire;
  readonly #who: Caller;

  constructor(wire: Wire, who: Caller) {
    this.#wire = wire;
    this.#who = who;
  }

  /**
   * A copy of a page: 4096 bytes. Reading changes nothing.
   *
   * RefusedError: NO_DOMAIN; BAD_ARGUMENT, the domain has no such page.
   */
  async read(page: Page): Promise<Uint8Array> {
    if (page !== 'shared_info') return (await this.readPages([page]))[0]!;
    const request = { ...this.#domain, sharedInfo: true, gfns: [] };
    return (await this.#wire.read(methods.readPages, request)).sharedInfo;
  }

  /** Copies of up to 256 pages, all of one moment. */
  async readPages(gfns: readonly (number | bigint)[]): Promise<Uint8Array[]> {
    const request = { ...this.#domain, sharedInfo: false, gfns: gfns.map(BigInt) };
    return (await this.#wire.read(methods.readPages, request)).pages;
  }

  /** A word of 32 bits, to be worked on atomically. */
  word32(place: Place): Word<number> {
    const atomic = this.#atomic.bind(this);
    return new Word<number>(atomic, place, 32, { parse: Number, toBits: toUnsigned });
  }

  /** A word of 64 bits, to be worked on atomically. */
  word64(place: Place): Word<bigint> {
    const atomic = this.#atomic.bind(this);
    return new Word<bigint>(atomic, place, 64, { parse: (bits) => bits, toBits: (word) => word });
  }

  get #domain(): { machine: string; dom: number } {
    return { machine: this.#who.machine, dom: this.#who.caller };
  }

  async #atomic(access: AtomicAccess): Promise<bigint> {
    const { page, offset, width, action, value = 0n, compare = 0n } = access;
    const { old } = await this.#wire.call(methods.atomicMemory, {
      ...this.#who,
      ...pageFields(page),
      offset,
      width,
      action: actionToProto(action),
      value: { lo: low(value), hi: high(value) },
      compare: { lo: low(compare), hi: high(compare) },
    });
    return (BigInt(old?.hi ?? 0) << 32n) | BigInt(old?.lo ?? 0);
  }
}

/** JavaScript's own bit operations answer signed numbers: those are welcome as well. */
const toUnsigned = (word: number): bigint => BigInt(word >>> 0);
