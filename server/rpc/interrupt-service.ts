import type { handleUnaryCall } from '@grpc/grpc-js';

import { VARIANT_NAMES } from '../../core/index.ts';
import type { KernelView } from '../../core/index.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { DESCRIPTION_BYTES_MAX } from '../config.ts';
import { bootGuestOp } from '../guest/boot-op.ts';
import { DriverHub } from '../guest/driver-hub.ts';
import { guestState } from '../guest/guest-messages.ts';
import type { HostedMachine } from '../machines.ts';
import { attach } from './attach.ts';
import type { RpcContext } from './context.ts';
import { errnoFailure, refused } from './failure.ts';
import { bindOp, callGuest, guestOp, handlerArguments } from './guest-op.ts';
import type { GuestRequest } from './guest-op.ts';
import { perform } from './one-op.ts';
import { machineOf, unary } from './unary.ts';

const nothing = () => ({});
const handleOnly = ({ handle }: GuestRequest & { handle: number }) => ({ handle });

type Methods<Name extends keyof proto.InterruptServiceServer> = Pick<
  proto.InterruptServiceServer,
  Name
>;

/** `evtchnd.v1.InterruptService`: guests' interrupt layers, and their drivers. */
export const interruptService = (context: RpcContext): proto.InterruptServiceServer => ({
  ...bindMethods(context),
  ...handleMethods(context),
  bootGuest: bootGuest(context),
  getGuest: getGuest(context),
  attach: attach(context),
});

type BindMethod =
  | 'bindLocalPort'
  | 'allocAndBindLocalPort'
  | 'bindRemotePort'
  | 'bindVirq'
  | 'allocAndBindIpi';

/** What fills a handle. */
const bindMethods = (context: RpcContext): Methods<BindMethod> => ({
  bindLocalPort: bindOp(context, 'intr_bind_local_port', ({ port }) => ({ port })),
  allocAndBindLocalPort: bindOp(context, 'intr_alloc_and_bind_local_port', ({ remoteDom }) => ({
    remoteDom,
  })),
  bindRemotePort: bindOp(context, 'intr_bind_remote_port', ({ remoteDom, remotePort }) => ({
    remoteDom,
    remotePort,
  })),
  bindVirq: bindOp(context, 'intr_bind_virq', ({ virq, cpu }) => ({ virq, cpu })),
  allocAndBindIpi: bindOp(context, 'intr_alloc_and_bind_ipi', ({ cpu }) => ({ cpu })),
});

type HandleMethod =
  | 'addHandler'
  | 'unbind'
  | 'signal'
  | 'getPort'
  | 'describe'
  | 'getEvtchnFromPort'
  | 'assignCpu';

/** What is done with a handle. */
const handleMethods = (context: RpcContext): Methods<HandleMethod> => ({
  addHandler: addHandler(context),
  unbind: guestOp(
    context,
    'intr_unbind',
    handleOnly,
    (_, { dom, handle }: proto.UnbindRequest, hosted) => {
      DriverHub.of(hosted).unbound(dom, handle);
      return {};
    },
  ),
  signal: guestOp<'intr_signal', proto.SignalRequest, proto.SignalResponse>(
    context,
    'intr_signal',
    handleOnly,
    nothing,
  ),
  getPort: unary(context, ({ machine, dom, handle }) => {
    const hosted = machineOf(context, machine);
    requireGuest(hosted, dom);
    return { port: hosted.machine.guestSource(dom, handle)?.port ?? 0 };
  }),
  describe: describe(context),
  getEvtchnFromPort: guestOp(
    context,
    'intr_get_evtchn_from_port',
    ({ port }) => ({ port, handle: 0 }),
    ({ handle }) => ({ handle: handle! }),
  ),
  assignCpu: guestOp(
    context,
    'intr_assign_cpu',
    ({ dom, handle, cpu }, hosted) => ({ handle, cpu: checkCpu(hosted, dom, cpu) }),
    nothing,
  ),
});

const bootGuest = (
  context: RpcContext,
): handleUnaryCall<proto.BootGuestRequest, proto.BootGuestResponse> =>
  unary(context, ({ machine, caller, dom, config }) => {
    const hosted = machineOf(context, machine);
    const op = bootGuestOp(dom, caller, config);
    if (VARIANT_NAMES[op.variant] === undefined) {
      throw refused('BAD_ARGUMENT', `variant ${op.variant + 1} is no GuestVariant`);
    }
    const ports = (hosted.machine.domain(dom)?.wordBits ?? 64) ** 2;
    if (op.nr > ports)
      throw refused('BAD_ARGUMENT', `nr is ${op.nr}: the guest's ABI has ${ports}`);
    perform(hosted, op);
    return {};
  });

const getGuest = (
  context: RpcContext,
): handleUnaryCall<proto.GetGuestRequest, proto.GetGuestResponse> =>
  unary(context, ({ machine, dom }) => {
    const hosted = machineOf(context, machine);
    const view = requireGuest(hosted, dom);
    const hub = DriverHub.of(hosted);
    const handles = view.handles.flatMap(({ handle, isrc }) =>
      isrc < 0 ? [] : [{ handle, source: isrc, description: hub.descriptions.get(dom, handle) }],
    );
    const drivers = hub.sessionsOf(dom).map((session) => ({
      driver: session.driver,
      token: session.token,
      connected: session.stream !== undefined,
      leaseMs: session.leaseMs,
      outstanding: session.outstandingCount,
    }));
    return { guest: { dom, ...guestState(view), handles, drivers } };
  });

const addHandler = (
  context: RpcContext,
): handleUnaryCall<proto.AddHandlerRequest, proto.AddHandlerResponse> =>
  unary(context, ({ machine, dom, handle, handler }) => {
    const hosted = machineOf(context, machine);
    const args = handlerArguments(handler);
    callGuest(hosted, dom, 'intr_add_handler', { handle, ...args });
    DriverHub.of(hosted).bound(dom, handle, args.token);
    return {};
  });

const describe = (
  context: RpcContext,
): handleUnaryCall<proto.DescribeRequest, proto.DescribeResponse> =>
  unary(context, ({ machine, dom, handle, description }) => {
    const hosted = machineOf(context, machine);
    requireGuest(hosted, dom);
    if (hosted.machine.guestSource(dom, handle) === undefined) {
      throw errnoFailure('intr_describe', 'EINVAL', `handle ${handle} of ${dom} holds nothing`);
    }
    if (Buffer.byteLength(description) > DESCRIPTION_BYTES_MAX) {
      throw refused('BAD_ARGUMENT', `description has more than ${DESCRIPTION_BYTES_MAX} bytes`);
    }
    DriverHub.of(hosted).descriptions.set(dom, handle, description);
    return {};
  });

function requireGuest(hosted: HostedMachine, dom: number): KernelView {
  const view = hosted.machine.guest(dom);
  if (view !== undefined) return view;
  throw refused('NO_GUEST', `domain ${dom} has no kernel: BootGuest gives it one`);
}

/** The layer itself would reach beyond its table of CPUs. */
function checkCpu(hosted: HostedMachine, dom: number, cpu: number): number {
  const vcpus = hosted.machine.domain(dom)?.vcpus ?? 0;
  if (vcpus === 0 || cpu < vcpus) return cpu;
  throw refused('BAD_ARGUMENT', `cpu is ${cpu}: domain ${dom} has ${vcpus}`);
}
