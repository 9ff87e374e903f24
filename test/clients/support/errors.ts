import { RefusedError, XenError } from '../../../clients/typescript/index.ts';

/** The errno of Xen, or the reason of a refusal, with which a call fails; 'ok' if it does not. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'ok';
  } catch (error) {
    if (error instanceof XenError) return error.errno;
    if (error instanceof RefusedError) return error.reason;
    throw error;
  }
}

/** What a call throws. */
export const errorOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );
