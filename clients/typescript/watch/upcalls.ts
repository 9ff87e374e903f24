import { DomainServiceService as toolstack } from '../../../proto/gen/evtchnd/v1/domain_service.ts';
import { EventChannelServiceService as methods } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { WatchUpcallsResponse } from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { Download } from '../wire/download.ts';
import type { Wire } from '../wire/wire.ts';
import { resume } from './resume.ts';
import type { WatchOptions } from './resume.ts';

/** evtchn_upcall_pending of a vCPU went from 0 to 1. */
export interface Upcall {
  readonly vcpu: number;
  /**
   * How often, since the last time this vCPU was told of; 0: the bit was set before the watch, or
   * before its connection was there again.
   */
  readonly count: number;
  /** evtchn_upcall_mask: the kernel would not take the upcall now. */
  readonly masked: boolean;
}

export interface UpcallOptions extends WatchOptions {
  /** Only these vCPUs. Default: all of the domain. */
  readonly vcpus?: readonly number[];
}

/** See Domain.watchUpcalls. */
export async function* watchUpcalls(
  wire: Wire,
  domain: { machine: string; dom: number },
  { vcpus = [], signal }: UpcallOptions,
): AsyncGenerator<Upcall, void, undefined> {
  const open = async (isFirst: boolean): Promise<Download<WatchUpcallsResponse>> => {
    // A silent stream does not tell whether anybody is there: this does.
    if (isFirst) await wire.call(toolstack.getDomain, domain);
    return wire.download(methods.watchUpcalls, { ...domain, vcpus: [...vcpus] });
  };
  for await (const { vcpu, count, masked } of resume(wire, open, signal)) {
    yield { vcpu, count, masked };
  }
}
