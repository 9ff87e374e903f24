import { hypercallOps } from './hypercall-ops.ts';
import { machineOps } from './machine-ops.ts';
import { memoryOps } from './memory-ops.ts';

/**
 * Makes ops for `multicall` and `session`, as data: `op.send({ port: 5 })`. Each takes a second
 * argument that says who acts, where that is not the batch's own caller.
 */
export const op = { ...hypercallOps, ...memoryOps, ...machineOps };
