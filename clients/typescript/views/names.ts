import * as proto from '../../../proto/gen/evtchnd/v1/types.ts';

/** The release of Xen that a machine behaves as. */
export type XenVersion = '4.17' | '4.20' | '4.22';

/** What a domain runs as: x86 PV or HVM/PVH with 64 or 32 bits, or arm64. */
export type GuestKind = 'pv64' | 'pv32' | 'hvm64' | 'hvm32' | 'arm64';

/** The port ABI a domain is on: every domain starts on the 2-level one. */
export type PortAbi = '2l' | 'fifo';

/** The state of a port, EVTCHNSTAT_*; 'reserved' is port 0, which EVTCHNOP_status calls closed. */
export type EvtchnState =
  | 'closed'
  | 'unbound'
  | 'interdomain'
  | 'pirq'
  | 'virq'
  | 'ipi'
  | 'reserved'
  | 'unknown';

/** The releases that a machine can behave as. */
export const XEN_VERSIONS: readonly XenVersion[] = ['4.17', '4.20', '4.22'];

/** The kinds of guests that a domain can be. */
export const GUEST_KINDS: readonly GuestKind[] = ['pv64', 'pv32', 'hvm64', 'hvm32', 'arm64'];

const STATES: readonly EvtchnState[] = [
  'unknown',
  'closed',
  'unbound',
  'interdomain',
  'pirq',
  'virq',
  'ipi',
  'reserved',
];

/** The enums of the contract have the order of the lists here, after UNSPECIFIED. */
export const xenToProto = (xen?: XenVersion): proto.XenVersion =>
  toNumber(XEN_VERSIONS, xen, 'release of Xen') as proto.XenVersion;

export const guestToProto = (guest?: GuestKind): proto.GuestKind =>
  toNumber(GUEST_KINDS, guest, 'kind of guest') as proto.GuestKind;

/** What the server leaves unspecified is its default: the newest release. */
export const xenFromProto = (xen: proto.XenVersion): XenVersion => XEN_VERSIONS[xen - 1] ?? '4.22';

export const guestFromProto = (guest: proto.GuestKind): GuestKind =>
  GUEST_KINDS[guest - 1] ?? 'pv64';

export const abiFromProto = (abi: proto.PortAbi): PortAbi =>
  abi === proto.PortAbi.FIFO ? 'fifo' : '2l';

/** A server may be newer than this library, and know states that it does not. */
export const stateFromProto = (state: proto.EvtchnState): EvtchnState => STATES[state] ?? 'unknown';

function toNumber<Name extends string>(
  names: readonly Name[],
  name: Name | undefined,
  what: string,
): number {
  if (name === undefined) return 0;
  const index = names.indexOf(name);
  if (index >= 0) return index + 1;
  throw new TypeError(`"${name}" is no ${what}: choose one of ${names.join(', ')}`);
}
