import type { Bounds } from '../config.ts';
import type { Logger } from '../log.ts';
import type { MachineRegistry } from '../machines.ts';
import type { Metrics } from '../metrics.ts';

/** What services work with. */
export interface RpcContext {
  readonly registry: MachineRegistry;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly bounds: Bounds;
  /** The server is shutting down: new calls are refused. */
  draining(): boolean;
}
