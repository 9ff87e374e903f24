import type { handleUnaryCall } from '@grpc/grpc-js';

import { DOMID_XEN } from '../../core/index.ts';
import type { OpName, OutputOf } from '../../core/index.ts';
import { LIST_ENTRIES_MAX } from '../config.ts';
import type {
  DomainServiceServer,
  ListVcpusRequest,
  ListVcpusResponse,
} from '../../proto/gen/evtchnd/v1/domain_service.ts';
import type { RpcContext } from './context.ts';
import { createDomainOp } from './domain-config.ts';
import { refused } from './failure.ts';
import { oneOp, perform } from './one-op.ts';
import type { OpRequest } from './one-op.ts';
import { restoreDomain, saveDomain } from './save-methods.ts';
import { suspendDomain } from './suspend-method.ts';
import { machineOf, unary } from './unary.ts';
import { domainMessage, vcpuMessage } from './views.ts';

const DOM0 = 0;

/** `evtchnd.v1.DomainService`: the toolstack and the hardware. */
export function domainService(context: RpcContext): DomainServiceServer {
  const toolstack = <Name extends OpName, Request extends OpRequest, Response>(
    name: Name,
    encode: (value: OutputOf<Name>) => Response,
  ) => oneOp<Name, Request, Response>(context, name, DOMID_XEN, encode);
  const nothing = () => ({});

  return {
    createDomain: unary(context, ({ machine, caller, config }) =>
      perform(machineOf(context, machine), createDomainOp(caller, config)),
    ),
    destroyDomain: toolstack('destroy_domain', nothing),
    getDomain: unary(context, ({ machine, dom }) => {
      const view = machineOf(context, machine).machine.domain(dom);
      if (view === undefined) throw noDomain(dom);
      return { domain: domainMessage(view) };
    }),
    listDomains: unary(context, ({ machine }) => ({
      domains: machineOf(context, machine).machine.domains().map(domainMessage),
    })),
    listVcpus: listVcpus(context),
    pauseDomain: toolstack('pause_domain', nothing),
    unpauseDomain: toolstack('unpause_domain', nothing),
    setTarget: toolstack('set_target', nothing),
    setVirqHandler: toolstack('set_virq_handler', nothing),
    mapPirq: toolstack('map_pirq', ({ pirq }) => ({ pirq })),
    createIoreqServer: oneOp(context, 'create_ioreq_server', DOM0, nothing),
    raiseVirq: toolstack('raise_virq', nothing),
    raisePirq: toolstack('raise_pirq', nothing),
    raiseDebug: toolstack('raise_debug', nothing),
    suspendDomain: suspendDomain(context),
    saveDomain: saveDomain(context),
    restoreDomain: restoreDomain(context),
  };
}

const noDomain = (dom: number) =>
  refused('NO_DOMAIN', `there is no domain ${dom}: ListDomains has them`);

function listVcpus(context: RpcContext): handleUnaryCall<ListVcpusRequest, ListVcpusResponse> {
  return unary(context, ({ machine, dom, fromVcpu, maxVcpus }) => {
    const hosted = machineOf(context, machine);
    const domain = hosted.machine.domain(dom);
    if (domain === undefined) throw noDomain(dom);
    const most = Math.min(maxVcpus || LIST_ENTRIES_MAX, LIST_ENTRIES_MAX);
    const end = Math.min(fromVcpu + most, domain.vcpus);
    const vcpus = [];
    for (let id = fromVcpu; id < end; id += 1) vcpus.push(hosted.machine.vcpu(dom, id)!);
    return {
      vcpus: vcpus.map(vcpuMessage),
      ...(end < domain.vcpus && { nextVcpu: end }),
    };
  });
}
