import type { handleUnaryCall } from '@grpc/grpc-js';

import { SHARED_INFO_GFN } from '../../core/index.ts';
import type { Op } from '../../core/index.ts';
import { LIST_ENTRIES_MAX, PAGES_PER_READ_MAX } from '../config.ts';
import { PortBitAction } from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { refused } from './failure.ts';
import { perform } from './one-op.ts';
import { machineOf, unary } from './unary.ts';
import { portMessage } from './views.ts';

/** A guest's pages and ports: how they look, and how the guest works on them without Xen. */

function requireDomain(hosted: HostedMachine, dom: number): void {
  if (hosted.machine.domain(dom) !== undefined) return;
  throw refused('NO_DOMAIN', `there is no domain ${dom}: ListDomains has them`);
}

export const readPages = (
  context: RpcContext,
): handleUnaryCall<proto.ReadPagesRequest, proto.ReadPagesResponse> =>
  unary(context, ({ machine, dom, sharedInfo, gfns }) => {
    const hosted = machineOf(context, machine);
    requireDomain(hosted, dom);
    if (gfns.length > PAGES_PER_READ_MAX) {
      const message = `${gfns.length} pages in one call: ask for at most ${PAGES_PER_READ_MAX}`;
      throw refused('BAD_ARGUMENT', message);
    }
    return {
      sharedInfo: sharedInfo ? readPage(hosted, dom, SHARED_INFO_GFN) : Buffer.alloc(0),
      pages: gfns.map((gfn) => readPage(hosted, dom, Number(gfn))),
    };
  });

function readPage(hosted: HostedMachine, dom: number, gfn: number): Buffer {
  const page = hosted.machine.page(dom, gfn);
  if (page !== undefined) return Buffer.from(page.buffer, page.byteOffset, page.byteLength);
  const pages = hosted.machine.domain(dom)?.pages ?? 0;
  throw refused('BAD_ARGUMENT', `domain ${dom} has pages 0 to ${pages - 1}, and no page ${gfn}`);
}

export const atomicMemory = (
  context: RpcContext,
): handleUnaryCall<proto.AtomicMemoryRequest, proto.AtomicMemoryResponse> =>
  unary(context, (request) => {
    const { oldLo, oldHi } = perform(machineOf(context, request.machine), {
      op: 'mem_atomic',
      caller: request.caller,
      callerVcpu: request.callerVcpu,
      gfn: request.sharedInfo ? SHARED_INFO_GFN : Number(request.gfn),
      offset: request.offset,
      width: request.width || 32,
      action: request.action - 1, // The enum has the core's actions after UNSPECIFIED.
      lo: request.value?.lo ?? 0,
      hi: request.value?.hi ?? 0,
      cmpLo: request.compare?.lo ?? 0,
      cmpHi: request.compare?.hi ?? 0,
    });
    return { old: { lo: oldLo, hi: oldHi } };
  });

const PORT_BIT_OPS = {
  [PortBitAction.SET_MASK]: 'm_mask',
  [PortBitAction.CLEAR_MASK]: 'm_unmask',
  [PortBitAction.SET_PENDING]: 'm_setpend',
  [PortBitAction.CLEAR_PENDING]: 'm_clrpend',
  [PortBitAction.UNSPECIFIED]: undefined,
} as const satisfies Record<PortBitAction, Op['op'] | undefined>;

export const setPortBit = (
  context: RpcContext,
): handleUnaryCall<proto.SetPortBitRequest, proto.SetPortBitResponse> =>
  unary(context, ({ machine, caller, callerVcpu, port, action }) => {
    const op = PORT_BIT_OPS[action];
    if (op === undefined) {
      throw refused('BAD_ARGUMENT', `action ${action} is none: set or clear MASK or PENDING`);
    }
    perform(machineOf(context, machine), { op, caller, callerVcpu, port });
    return {};
  });

export const listPorts = (
  context: RpcContext,
): handleUnaryCall<proto.ListPortsRequest, proto.ListPortsResponse> =>
  unary(context, ({ machine, dom, fromPort, maxPorts }) => {
    const hosted = machineOf(context, machine);
    requireDomain(hosted, dom);
    const most = Math.min(maxPorts || LIST_ENTRIES_MAX, LIST_ENTRIES_MAX);
    // One more than asked for tells whether there is a next one.
    const views = hosted.machine.ports(dom, fromPort, most + 1);
    const next = views[most];
    return {
      ports: views.slice(0, most).map(portMessage),
      ...(next !== undefined && { nextPort: next.port }),
    };
  });
