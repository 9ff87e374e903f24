import { DOMID_XEN, GUEST_KINDS } from '../../core/index.ts';
import type { OpOf } from '../../core/index.ts';
import { GuestKind } from '../../proto/gen/evtchnd/v1/types.ts';
import type { DomainConfig } from '../../proto/gen/evtchnd/v1/op.ts';

const DOM_NEXT_FREE = -1;
const NO_PORT_LIMIT = 0xffff_ffff;
const GUEST_PAGES_DEFAULT = 160;
const VCPUS_DEFAULT = 1;

/** The op that makes a domain as `config` says; what it leaves open has a default. */
export function createDomainOp(
  caller: number = DOMID_XEN,
  config?: DomainConfig,
): OpOf<'create_domain'> {
  const vcpus = config?.vcpus || VCPUS_DEFAULT;
  return {
    op: 'create_domain',
    caller,
    dom: config?.dom ?? DOM_NEXT_FREE,
    guest: guestIndex(config?.guest ?? GuestKind.UNSPECIFIED),
    privileged: config?.privileged === true ? 1 : 0,
    vcpus,
    vcpusUp: config?.vcpusUp ?? vcpus,
    maxEvtchnPort: config?.maxEvtchnPort ?? NO_PORT_LIMIT,
    pages: config?.pages || GUEST_PAGES_DEFAULT,
    paused: config?.paused === true ? 1 : 0,
  };
}

/** The enum has the core's kinds in the core's order, after UNSPECIFIED: that means pv64. */
const guestIndex = (guest: GuestKind): number =>
  guest === GuestKind.UNSPECIFIED ? GUEST_KINDS.indexOf('pv64') : guest - 1;
