import type { DomainConfig as ProtoDomainConfig } from '../../../proto/gen/evtchnd/v1/op.ts';
import type * as proto from '../../../proto/gen/evtchnd/v1/types.ts';
import { abiFromProto, guestFromProto, guestToProto } from './names.ts';
import type { GuestKind, PortAbi } from './names.ts';

/** What a domain is made with. */
export interface DomainConfig {
  /** 0 to 32751. Default: the lowest that is free, from 1; 0 must be asked for. */
  readonly dom?: number;
  /** Default: 'pv64'. */
  readonly guest?: GuestKind;
  /** May act on every domain, as dom0 does. Default: false. */
  readonly privileged?: boolean;
  /** 1 to 4096 for PV, 128 for HVM and arm64. Default: 1. */
  readonly vcpus?: number;
  /** vCPUs 0 to vcpusUp - 1 run at the start. Default: all. */
  readonly vcpusUp?: number;
  /** The highest port it may ever use. Default: no limit but the ABI's. */
  readonly maxEvtchnPort?: number;
  /** Guest memory for shared structures, 1 to 4096 pages of 4096 bytes. Default: 160. */
  readonly pages?: number;
  /** Not yet unpaused: it makes no hypercall. Default: false. */
  readonly paused?: boolean;
}

/** A domain as the toolstack sees it. */
export interface DomainView {
  readonly dom: number;
  readonly guest: GuestKind;
  /** May act on every domain, as dom0 does. */
  readonly privileged: boolean;
  readonly abi: PortAbi;
  readonly vcpus: number;
  /** The highest port it may ever use. */
  readonly maxEvtchnPort: number;
  /** Ports below this exist; others answer EINVAL. Grows by 64. */
  readonly validPorts: number;
  /** Ports that are not free. */
  readonly activePorts: number;
  /** Of these, ports whose consumer is Xen. */
  readonly xenPorts: number;
  /** One more than the highest port that its ABI and maxEvtchnPort allow. */
  readonly portsMax: number;
  /** How often the toolstack has paused it; 0: it runs. */
  readonly pauseCount: number;
  /** Destroyed, but something still refers to it. */
  readonly dying: boolean;
  /** The domain that it serves as device model. */
  readonly target?: number;
  /** Pages of guest memory: gfns 0 to pages - 1. */
  readonly pages: number;
  /** Global VIRQs whose handler it is. */
  readonly virqHandlerOf: readonly number[];
  /** FIFO: gfns of the event array, in order; each holds the words of 1024 ports. */
  readonly arrayGfns: readonly number[];
  /** Bits of a word of its shared_info: ports of a selector bit on the 2-level ABI. */
  readonly wordBits: number;
}

export function domainConfigToProto(config: DomainConfig): ProtoDomainConfig {
  const { dom, vcpusUp, maxEvtchnPort } = config;
  return {
    ...(dom !== undefined && { dom }),
    ...(vcpusUp !== undefined && { vcpusUp }),
    ...(maxEvtchnPort !== undefined && { maxEvtchnPort }),
    guest: guestToProto(config.guest),
    privileged: config.privileged ?? false,
    vcpus: config.vcpus ?? 0,
    pages: config.pages ?? 0,
    paused: config.paused ?? false,
  };
}

export function domainFromProto({ target, ...domain }: proto.Domain): DomainView {
  return {
    ...domain,
    guest: guestFromProto(domain.guest),
    abi: abiFromProto(domain.abi),
    arrayGfns: domain.arrayGfns.map(Number),
    ...(target !== undefined && { target }),
  };
}
