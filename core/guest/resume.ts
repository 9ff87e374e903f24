import type { Steps } from '../lib/steps.ts';
import type { Port } from '../public/ids.ts';
import { ERRNO } from '../public/errno.ts';
import { preparePort, setUpAbi, unmaskPort } from './abi.ts';
import { panic } from './fault.ts';
import { assignCpu } from './hooks.ts';
import type { Isrc } from './isrc.ts';
import type { Layer } from './layer.ts';

/**
 * xen_intr_resume: the PIC's part of a resume, before other CPUs and drivers run. In a new domain
 * no port is bound: VIRQs and IPIs get new ones, PORT sources have none until their driver unbinds
 * them. A cancelled suspend changes nothing.
 */
export function* resume(layer: Layer, cancelled: boolean): Steps {
  if (cancelled) return;
  for (const [cpu, { enabled }] of layer.cpus.entries()) enabled.fill(cpu === 0);
  yield* setUpAbi(layer);
  if (layer.knobs.resume === 'rebuild') yield* rebuild(layer);
  else yield* remapInPlace(layer, layer.knobs.resume === 'in-place');
}

/** Empties the table, then walks all sources. */
function* rebuild(layer: Layer): Steps {
  layer.portToIsrc.fill(undefined);
  for (const isrc of layer.isrcs) {
    isrc.port = layer.noPort;
    if (isrc.type === 'ipi' || isrc.type === 'virq') yield* rebind(layer, isrc);
  }
}

/** Walks the table. A new port may lie where another source still waits for its turn: it is next. */
function* remapInPlace(layer: Layer, chain: boolean): Steps {
  for (const isrc of layer.portToIsrc) if (isrc !== undefined) isrc.port = layer.noPort;
  for (let port = 0; port < layer.nr; port += 1) {
    let isrc = layer.portToIsrc[port];
    if (isrc === undefined || isrc.port === port) continue;
    layer.portToIsrc[port] = undefined;
    while (isrc !== undefined) {
      const displaced: Isrc | undefined = yield* rebindOver(layer, isrc);
      isrc =
        chain && displaced !== undefined && displaced.port === layer.noPort ? displaced : undefined;
    }
  }
}

/** Rebinds a source; answers the one that its new port belonged to. */
function* rebindOver(layer: Layer, isrc: Isrc): Steps<Isrc | undefined> {
  if (isrc.type !== 'ipi' && isrc.type !== 'virq') return undefined;
  return yield* rebind(layer, isrc);
}

/** Gives a VIRQ or IPI a new port; answers the source that the table had there. */
function* rebind(layer: Layer, isrc: Isrc): Steps<Isrc | undefined> {
  const { cpu } = isrc;
  const port = isrc.type === 'ipi' ? yield* newIpi(layer, isrc) : yield* newVirq(layer, isrc);
  const unprepared = yield* preparePort(layer, port);
  if (unprepared !== 0) panic(`no event word for port ${port}: ${-unprepared}`);
  isrc.port = port;
  isrc.cpu = 0;
  yield 'write port table';
  const displaced = layer.portToIsrc[port];
  layer.setPortToIsrc(port, isrc);
  const error = yield* assignCpu(layer, isrc, cpu);
  if (error !== 0) panic(`unable to bind xen ${isrc.type.toUpperCase()} to CPU#${cpu}: ${error}`);
  yield* unmaskPort(layer, port);
  return displaced;
}

function* newIpi(layer: Layer, isrc: Isrc): Steps<Port> {
  yield 'hypercall bind_ipi';
  const result = layer.host.bindIpi(isrc.cpu);
  if (!result.ok) panic(`unable to rebind xen IPI: ${-ERRNO[result.errno]}`);
  return result.value.port;
}

function* newVirq(layer: Layer, isrc: Isrc): Steps<Port> {
  yield 'hypercall bind_virq';
  const result = layer.host.bindVirq(isrc.virq, isrc.cpu);
  if (!result.ok) panic(`unable to rebind xen VIRQ#${isrc.virq}: ${-ERRNO[result.errno]}`);
  return result.value.port;
}
