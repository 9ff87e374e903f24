import { INVALID_EVTCHN } from '../public/ids.ts';
import type { ExpectStep } from './format.ts';
import { hasBit, sharedBits } from './shared-bits.ts';
import type { World } from './world.ts';

const PORTS_MAX = 131_072;

/** What is so now, in the words that a file has for it. */
export function findOut(world: World, { what, args, dom, is }: ExpectStep): string {
  const { machine } = world;
  const now = world.dom(dom);
  const handle = String(args['handle']);
  const port = args['port'] === undefined ? 0 : world.port(args['port']);
  switch (what) {
    case 'port':
      return portName(world.portOf(handle));
    case 'state':
      return machine.port(now, port)?.state ?? 'free';
    case 'masked':
    case 'pending': {
      const abi = machine.domain(now)?.abi;
      if (abi === undefined) return 'no domain';
      if (abi === 'fifo') return String(machine.port(now, port)?.[what]);
      const bits = sharedBits(machine, now, world.kinds.get(dom)?.guest ?? 'hvm64');
      return String(hasBit(what === 'masked' ? bits.mask : bits.pending, port));
    }
    case 'enabled': {
      const words = machine.guest(now)?.enabled[Number(args['cpu'])];
      return String(words !== undefined && hasBit(words, port));
    }
    case 'interrupts':
      return String(world.interrupts(handle));
    case 'mapped': {
      const entry = machine.guest(now)?.portToIsrc.find((found) => found.port === port);
      return nameOfSource(world, entry?.isrc ?? -1, String(is));
    }
    case 'source':
      return nameOfSource(world, world.sourceOf(handle), String(is));
    case 'open_ports':
      return String(machine.ports(now, 1, PORTS_MAX).length);
  }
}

/** Whether what was found is what the step says. */
export const isAsSaid = ({ what, is }: ExpectStep, found: string): boolean =>
  found === (what === 'port' ? portName(Number(is === 'none' ? INVALID_EVTCHN : is)) : String(is));

const portName = (port: number): string => (port === INVALID_EVTCHN ? 'none' : String(port));

/** Several handles may have one source: the one that was asked for is named first. */
function nameOfSource(world: World, isrc: number, asked: string): string {
  if (isrc < 0) return 'none';
  if (asked !== 'none' && world.knowsHandle(asked) && world.sourceOf(asked) === isrc) return asked;
  return `source ${isrc}`;
}
