import type { OpResult } from '../../../proto/gen/evtchnd/v1/op.ts';
import { statusFromProto } from '../views/port-view.ts';
import type { PortStatus } from '../views/port-view.ts';

/** How the OUT parameters of a batch's ops are read: one function for each shape. */

type Out = OpResult['out'];

export const nothing = (_out: Out): void => undefined;

export const port = (out: Out): { port: number } => ({ port: number(out, 'port') });

export const localPort = (out: Out): { localPort: number } => ({
  localPort: number(out, 'localPort'),
});

export const linkBits = (out: Out): { linkBits: number } => ({ linkBits: number(out, 'linkBits') });

export const blocked = (out: Out): { blocked: boolean } => ({
  blocked: out?.$case === 'blocked' && out.value,
});

export const old = (out: Out): { old: number } => ({ old: number(out, 'old') });

export const oldWord = (out: Out): { old: bigint } => ({
  old: out?.$case === 'oldWord' ? (BigInt(out.value.hi) << 32n) | BigInt(out.value.lo) : 0n,
});

export const dom = (out: Out): { dom: number } => ({ dom: number(out, 'dom') });

export const pirq = (out: Out): { pirq: number } => ({ pirq: number(out, 'pirq') });

export const status = (out: Out): PortStatus =>
  statusFromProto(out?.$case === 'status' ? out.value : undefined);

const number = (out: Out, name: NonNullable<Out>['$case']): number =>
  out?.$case === name ? (out.value as number) : 0;
