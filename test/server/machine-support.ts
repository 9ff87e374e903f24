import type { DomainConfig, Op } from '../../proto/gen/evtchnd/v1/op.ts';
import { GuestKind } from '../../proto/gen/evtchnd/v1/types.ts';

/** A domain's configuration with `fields`, and defaults for the others. */
export const domainConfig = (fields: Partial<DomainConfig>): DomainConfig => ({
  dom: undefined,
  guest: GuestKind.UNSPECIFIED,
  privileged: false,
  vcpus: 0,
  vcpusUp: undefined,
  maxEvtchnPort: undefined,
  pages: 0,
  paused: false,
  ...fields,
});

/** An op for whom the batch says. */
export const opMessage = (op: Op['op']): Op => ({
  caller: undefined,
  callerVcpu: undefined,
  badPointer: false,
  op,
});
