import type { HandleFate, SuspendMode } from '../views/guest.ts';
import type { Domain } from './domain.ts';

/** How a guest is suspended. */
export interface SuspendOptions {
  /** Default: 'real'. */
  readonly mode?: SuspendMode;
  /** 'real': domid of the new domain, which may be the old one. Default: the next free one. */
  readonly newDom?: number;
  /** Ports that the toolstack opens before xenstore's: they shift its number. Default: 0. */
  readonly precreate?: number;
  /** How long the drivers may take, in ms, up to 600 000. Default: 30 000. */
  readonly deadlineMs?: number;
}

/** What a suspend became. */
export interface SuspendResult {
  /** Where the guest runs now. */
  readonly domain: Domain;
  /** The mode asked for, or 'failed'. */
  readonly mode: SuspendMode;
  /** What became of each handle that was bound. */
  readonly handles: readonly HandleFate[];
  /** 'failed': the drivers in the way, and why. */
  readonly notReady: readonly string[];
}
