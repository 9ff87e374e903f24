import { RpcFailure, refused } from './failure.ts';

/**
 * What `read` answers. Whatever it throws is the client's: its bytes are no message. Generated
 * decoders throw plain errors, so this must surround nothing but reading.
 */
export function wireFailure<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RpcFailure) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw refused('BAD_MESSAGE', `these bytes are no request of this method: ${reason}`);
  }
}
