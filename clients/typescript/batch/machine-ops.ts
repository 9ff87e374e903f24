import type * as proto from '../../../proto/gen/evtchnd/v1/op.ts';
import { nanoseconds } from '../page.ts';
import type { Nanoseconds } from '../page.ts';
import { domainConfigToProto } from '../views/domain-view.ts';
import type { DomainConfig } from '../views/domain-view.ts';
import { batchOp } from './batch-op.ts';
import type { BatchOp, Who } from './batch-op.ts';
import * as out from './outputs.ts';

/**
 * What toolstack, hardware and clock do, as ops of a batch. The caller of the first eight must be
 * privileged; otherwise EPERM. What each does and answers is told at the methods of `Domain` and
 * `Machine` of like names.
 */
export const machineOps = {
  /** XEN_DOMCTL_createdomain and what makes it runnable. Answers the domid. */
  createDomain: (config: DomainConfig, who?: Who): BatchOp<{ dom: number }> =>
    batchOp('createDomain', { config: domainConfigToProto(config) }, who, out.dom),

  /** XEN_DOMCTL_destroydomain. */
  destroyDomain: (args: proto.DestroyDomainOp, who?: Who): BatchOp<void> =>
    batchOp('destroyDomain', args, who, out.nothing),

  /** XEN_DOMCTL_pausedomain. */
  pauseDomain: (args: proto.PauseDomainOp, who?: Who): BatchOp<void> =>
    batchOp('pauseDomain', args, who, out.nothing),

  /** XEN_DOMCTL_unpausedomain. */
  unpauseDomain: (args: proto.UnpauseDomainOp, who?: Who): BatchOp<void> =>
    batchOp('unpauseDomain', args, who, out.nothing),

  /** XEN_DOMCTL_set_target. */
  setTarget: (args: proto.SetTargetOp, who?: Who): BatchOp<void> =>
    batchOp('setTarget', args, who, out.nothing),

  /** XEN_DOMCTL_set_virq_handler. */
  setVirqHandler: (args: proto.SetVirqHandlerOp, who?: Who): BatchOp<void> =>
    batchOp('setVirqHandler', args, who, out.nothing),

  /** PHYSDEVOP_map_pirq for `dom`. Answers the pirq. */
  mapPirq: (args: proto.MapPirqOp, who?: Who): BatchOp<{ pirq: number }> =>
    batchOp('mapPirq', args, who, out.pirq),

  /** XEN_DMOP_create_ioreq_server. */
  createIoreqServer: (args: proto.CreateIoreqServerOp, who?: Who): BatchOp<void> =>
    batchOp('createIoreqServer', args, who, out.nothing),

  /** A VIRQ is raised: on `vcpu` of `dom`, on `dom`, or on its handler. */
  raiseVirq: (args: proto.RaiseVirqOp, who?: Who): BatchOp<void> =>
    batchOp('raiseVirq', args, who, out.nothing),

  /** A physical interrupt of `dom` is raised. */
  raisePirq: (args: proto.RaisePirqOp, who?: Who): BatchOp<void> =>
    batchOp('raisePirq', args, who, out.nothing),

  /** Debug key 'q': VIRQ_DEBUG to every vCPU of every domain. */
  raiseDebug: (who?: Who): BatchOp<void> => batchOp('raiseDebug', {}, who, out.nothing),

  /** Virtual time += ns. */
  advanceClock: ({ ns }: { ns: Nanoseconds }, who?: Who): BatchOp<void> =>
    batchOp('advanceClock', { ns: nanoseconds(ns) }, who, out.nothing),
};
