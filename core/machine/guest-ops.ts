import type { Steps } from '../lib/steps.ts';
import { errnoName, fail, ok } from '../public/errno.ts';
import * as api from '../guest/api.ts';
import { addHandler, ithreadDone } from '../guest/handlers.ts';
import { assignCpu } from '../guest/hooks.ts';
import type { HandleRef, Handler } from '../guest/isrc.ts';
import { handleUpcall } from '../guest/upcall.ts';
import type { GuestResult, Kernel } from './kernel.ts';
import type { OpOf } from './op.ts';

/** Ops that are a call of a driver, or of the processor, into a guest's interrupt layer. */
export type GuestOpName =
  | 'intr_bind_local_port'
  | 'intr_alloc_and_bind_local_port'
  | 'intr_bind_remote_port'
  | 'intr_bind_virq'
  | 'intr_alloc_and_bind_ipi'
  | 'intr_add_handler'
  | 'intr_unbind'
  | 'intr_signal'
  | 'intr_get_evtchn_from_port'
  | 'intr_assign_cpu'
  | 'intr_handled'
  | 'intr_upcall';

export type GuestOp = { [Name in GuestOpName]: OpOf<Name> }[GuestOpName];

/** The steps of a guest op, to be run straight through or by a schedule. */
export function* guestSteps(kernel: Kernel, op: GuestOp): Steps<GuestResult> {
  const { layer } = kernel;
  switch (op.op) {
    case 'intr_unbind':
      yield* api.unbind(layer, existing(kernel, op.handle));
      return ok({});
    case 'intr_signal':
      yield* api.signal(layer, existing(kernel, op.handle));
      return ok({});
    case 'intr_add_handler':
      return answer(
        yield* addHandler(layer, existing(kernel, op.handle).value, handlerOf(op)),
        op.handle,
      );
    case 'intr_assign_cpu': {
      const isrc = existing(kernel, op.handle).value;
      return isrc === undefined ? fail('EINVAL') : answer(yield* assignCpu(layer, isrc, op.cpu), 0);
    }
    case 'intr_handled': {
      const isrc = existing(kernel, op.handle).value;
      if (isrc === undefined) return fail('EINVAL');
      yield* ithreadDone(layer, isrc);
      return ok({});
    }
    case 'intr_upcall':
      yield* handleUpcall(layer, op.cpu);
      return ok({});
    default:
      return yield* bindSteps(kernel, op);
  }
}

type BindOp = Extract<
  GuestOp,
  {
    op:
      | 'intr_bind_local_port'
      | 'intr_alloc_and_bind_local_port'
      | 'intr_bind_remote_port'
      | 'intr_bind_virq'
      | 'intr_alloc_and_bind_ipi'
      | 'intr_get_evtchn_from_port';
  }
>;

/** Ops that fill a handle. */
function* bindSteps(kernel: Kernel, op: BindOp): Steps<GuestResult> {
  const { layer } = kernel;
  const { number, ref } = kernel.handle(op.handle);
  switch (op.op) {
    case 'intr_bind_local_port':
      return answer(yield* api.bindLocalPort(layer, withHandler(op), ref), number);
    case 'intr_alloc_and_bind_local_port':
      return answer(yield* api.allocAndBindLocalPort(layer, withHandler(op), ref), number);
    case 'intr_bind_remote_port':
      return answer(yield* api.bindRemotePort(layer, withHandler(op), ref), number);
    case 'intr_bind_virq':
      return answer(yield* api.bindVirq(layer, withHandler(op), ref), number);
    case 'intr_alloc_and_bind_ipi':
      return answer(yield* api.allocAndBindIpi(layer, withHandler(op), ref), number);
    case 'intr_get_evtchn_from_port':
      return answer(yield* api.getEvtchnFromPort(layer, op.port, ref), number);
  }
}

const answer = (error: number, handle: number): GuestResult =>
  error === 0 ? ok({ handle }) : fail(errnoName(error));

/** A driver's handle variable: one that was never filled holds nothing. */
const existing = (kernel: Kernel, number: number): HandleRef =>
  kernel.handles.get(number) ?? { value: undefined };

interface HandlerArguments {
  readonly token: number;
  readonly filter: number;
  readonly ithread: number;
}

const handlerOf = ({ token, filter, ithread }: HandlerArguments): Handler => ({
  token,
  filter: filter !== 0,
  ithread: ithread !== 0,
});

/** Neither filter nor ithread: the handler comes later, by add_handler. */
function withHandler<Args extends HandlerArguments>(
  op: Args,
): Args & { handler: Handler | undefined } {
  const none = op.filter === 0 && op.ithread === 0;
  return { ...op, handler: none ? undefined : handlerOf(op) };
}
