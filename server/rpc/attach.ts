import type { handleBidiStreamingCall } from '@grpc/grpc-js';

import type {
  AttachOpen,
  AttachRequest,
  AttachResponse,
} from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { DRIVER_NAME_BYTES_MAX, LEASE_MS_DEFAULT, LEASE_MS_MAX } from '../config.ts';
import { DriverHub, guestEnded } from '../guest/driver-hub.ts';
import type { DriverSession } from '../guest/driver-session.ts';
import { faultText } from '../guest/guest-messages.ts';
import { ServerStream } from '../stream/server-stream.ts';
import { nodeStreamCall } from '../stream/stream-call.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { admitRequest, machineOf } from './unary.ts';

/** A driver whose stream is open. */
interface Attachment {
  readonly hub: DriverHub;
  readonly session: DriverSession;
}

/** InterruptService.Attach: a driver and its session. */
export const attach =
  (context: RpcContext): handleBidiStreamingCall<AttachRequest, AttachResponse> =>
  (call) => {
    const stream = new ServerStream<AttachResponse>(context, nodeStreamCall(call));
    let attachment: Attachment | undefined;
    call.on('data', (request: AttachRequest) => {
      if (stream.closed) return;
      stream.run(() => {
        const { message } = attachment === undefined ? admitRequest(context, request) : request;
        if (attachment === undefined) attachment = open(context, stream, message);
        else take(attachment, message);
      });
    });
    // No farewell: a process that dies ends its streams, too.
    call.on('end', () => stream.finish());
  };

function open(
  context: RpcContext,
  stream: ServerStream<AttachResponse>,
  message: AttachRequest['message'],
): Attachment {
  if (message?.$case !== 'open') {
    throw refused('NO_OPEN', 'the first request of a driver needs `open`: which driver of whom');
  }
  const hosted = machineOf(context, message.value.machine);
  const hub = DriverHub.of(hosted);
  const { session: id } = message.value;
  if (id === '') requireGuest(context, message.value);
  const known = id === '' ? undefined : hub.find(id);
  stream.attach(hosted, 'drivers');
  const session = known ?? hub.open(identityOf(message.value), message.value.token);
  hub.attach(session, stream);
  return { hub, session };
}

function take({ hub, session }: Attachment, message: AttachRequest['message']): void {
  switch (message?.$case) {
    case 'handled':
      return session.handled(message.value.handle, Number(message.value.sequence));
    case 'ready': {
      const { suspend, refused: isRefused, reason } = message.value;
      const why = isRefused ? reason.slice(0, DRIVER_NAME_BYTES_MAX) : undefined;
      return hub.suspends.answered(session, suspend, why);
    }
    case 'leave':
      hub.end(session);
      return session.stream?.finish();
    case 'open':
      throw refused('REOPENED', 'the session is open: open another stream for another driver');
    default:
      throw refused('BAD_MESSAGE', 'a request without a message that this version knows');
  }
}

function requireGuest(context: RpcContext, { machine, dom }: AttachOpen): void {
  const view = machineOf(context, machine).machine.guest(dom);
  if (view === undefined) {
    throw refused('NO_GUEST', `domain ${dom} has no kernel: BootGuest gives it one`);
  }
  if (view.dead !== undefined) throw guestEnded(dom, faultText(view.dead));
}

function identityOf({ dom, driver, leaseMs }: AttachOpen) {
  const bytes = Buffer.byteLength(driver);
  if (bytes < 1 || bytes > DRIVER_NAME_BYTES_MAX) {
    const most = DRIVER_NAME_BYTES_MAX;
    throw refused('BAD_ARGUMENT', `driver is a name of ${bytes} bytes, not of 1 to ${most}`);
  }
  if (leaseMs > LEASE_MS_MAX) {
    throw refused('BAD_ARGUMENT', `lease_ms is ${leaseMs}, not from 0 to ${LEASE_MS_MAX}`);
  }
  return { dom, driver, leaseMs: leaseMs || LEASE_MS_DEFAULT };
}
