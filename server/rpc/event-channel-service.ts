import type { UntypedServiceImplementation } from '@grpc/grpc-js';

import type { OpName, OutputOf } from '../../core/index.ts';
import type {
  EventChannelServiceServer,
  EventChannelServiceService,
} from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import { UpcallWatch } from '../stream/upcall-watch.ts';
import { readMulticall } from './batch-messages.ts';
import { executeBatch } from './batch.ts';
import type { RpcContext } from './context.ts';
import { oneOp } from './one-op.ts';
import type { OpRequest } from './one-op.ts';
import { atomicMemory, listPorts, readPages, setPortBit } from './memory-methods.ts';
import { pollJoin, schedPoll } from './poll-methods.ts';
import { reset } from './reset-method.ts';
import { takenByInterceptor } from './session.ts';
import { serverStreaming } from './streaming.ts';
import { portStatusMessage } from './views.ts';
import { wireFailure } from './wire-failure.ts';
import { machineOf, unary } from './unary.ts';

/** A request that names no caller comes from dom0. */
const DOM0 = 0;

/** All but those whose messages stay bytes. */
type Methods = {
  [Name in Exclude<
    keyof EventChannelServiceService,
    'multicall' | 'session'
  >]: EventChannelServiceServer[Name];
};

/** `evtchnd.v1.EventChannelService`: each method decodes, executes one op, and encodes. */
export function eventChannelService(context: RpcContext): UntypedServiceImplementation {
  const hypercall = <Name extends OpName, Request extends OpRequest, Response>(
    name: Name,
    encode: (value: OutputOf<Name>) => Response,
  ) => oneOp<Name, Request, Response>(context, name, DOM0, encode);
  const nothing = () => ({});
  const portOnly = ({ port }: { port: number }) => ({ port });

  const methods: Methods = {
    allocUnbound: hypercall('alloc_unbound', portOnly),
    bindInterdomain: hypercall('bind_interdomain', ({ localPort }) => ({ localPort })),
    bindVirq: hypercall('bind_virq', portOnly),
    bindPirq: hypercall('bind_pirq', portOnly),
    bindIpi: hypercall('bind_ipi', portOnly),
    bindVcpu: hypercall('bind_vcpu', nothing),
    close: hypercall('close', nothing),
    send: hypercall('send', nothing),
    status: hypercall('status', (status) => ({ status: portStatusMessage(status) })),
    unmask: hypercall('unmask', nothing),
    reset: reset(context),
    initControl: hypercall('init_control', ({ linkBits }) => ({ linkBits })),
    expandArray: hypercall('expand_array', nothing),
    setPriority: hypercall('set_priority', nothing),
    rawOp: hypercall('evtchn_op', nothing),
    schedPoll: schedPoll(context),
    pollJoin: pollJoin(context),
    registerVcpuInfo: hypercall('register_vcpu_info', nothing),
    vcpuUp: hypercall('vcpu_up', nothing),
    vcpuDown: hypercall('vcpu_down', nothing),
    readPages: readPages(context),
    atomicMemory: atomicMemory(context),
    setPortBit: setPortBit(context),
    listPorts: listPorts(context),
    watchUpcalls: serverStreaming(context, (stream, request) => {
      const hosted = machineOf(context, request.machine);
      stream.attach(hosted, 'upcalls');
      void new UpcallWatch(stream, hosted, request);
    }),
  };
  return { ...methods, multicall: multicall(context), session: takenByInterceptor };
}

/** Multicall's messages stay bytes, as Session's do. */
function multicall(context: RpcContext) {
  return unary<Buffer, Buffer>(context, (bytes) => {
    const request = wireFailure(() => readMulticall(bytes));
    const hosted = machineOf(context, request.machine);
    return executeBatch(hosted, bytes, request.ranges, request, { tag: 0x0a, id: 0 });
  });
}
