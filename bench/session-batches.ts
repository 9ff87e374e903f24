import { DOMID_SELF } from '../core/index.ts';
import { SessionRequest } from '../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { Op } from '../proto/gen/evtchnd/v1/op.ts';

export const BATCH_OPS = 64;

/** Guests of the machine that is there at start. */
export const FRONT = 2;
const BACK = 1;

type OpCase = NonNullable<Op['op']>;

/** An op of domain FRONT, for whom the session is open, or of another one. */
const op = (what: OpCase, caller?: number): Op => ({
  caller,
  callerVcpu: undefined,
  badPointer: false,
  op: what,
});

const batch = (ops: Op[], open?: SessionRequest['open']): Buffer =>
  Buffer.from(SessionRequest.encode({ id: 1, ops, open }).finish());

/**
 * Opens the session, and binds ports 1 to 64 of FRONT to ports 2 to 65 of BACK. Port 1 of BACK is
 * allocated from the start.
 */
export function openingBatch(): Buffer {
  const ops: Op[] = [];
  for (let port = 1; port <= BATCH_OPS; port += 1) {
    ops.push(
      op({ $case: 'allocUnbound', value: { dom: DOMID_SELF, remoteDom: FRONT } }, BACK),
      op({ $case: 'bindInterdomain', value: { remoteDom: BACK, remotePort: port + 1 } }),
    );
  }
  return batch(ops, { machine: '', caller: FRONT, callerVcpu: 0 });
}

/** A send on each of the ports. */
export function sendBatch(): Buffer {
  const ports = Array.from({ length: BATCH_OPS }, (_, index) => index + 1);
  return batch(ports.map((port) => op({ $case: 'send', value: { port } })));
}

/** The lives of eight channels, from allocation to close, each with an event either way. */
export function channelBatch(): Buffer {
  const front = BATCH_OPS + 1;
  const back = BATCH_OPS + 2;
  const life = [
    op({ $case: 'allocUnbound', value: { dom: DOMID_SELF, remoteDom: FRONT } }, BACK),
    op({ $case: 'bindInterdomain', value: { remoteDom: BACK, remotePort: back } }),
    op({ $case: 'send', value: { port: front } }),
    op({ $case: 'unmask', value: { port: back } }, BACK),
    op({ $case: 'send', value: { port: back } }, BACK),
    op({ $case: 'status', value: { dom: DOMID_SELF, port: front } }),
    op({ $case: 'close', value: { port: front } }),
    op({ $case: 'close', value: { port: back } }, BACK),
  ];
  return batch(Array.from({ length: BATCH_OPS / life.length }, () => life).flat());
}
