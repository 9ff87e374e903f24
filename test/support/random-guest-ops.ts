import { SUSPEND_MODES, VIRQ } from '../../core/index.ts';
import type { IsrcFields, Op } from '../../core/index.ts';
import type { GuestWorld, Member } from './guest-world.ts';
import { SELF, XEN, makeOp } from './host.ts';
import { random } from './random.ts';

type Chance = (n: number) => number;

/** What a driver does next, given its guest; undefined: nothing that makes sense now. */
type Driver = (chance: Chance, world: GuestWorld, member: Member) => Op | undefined;

const VIRQS = [VIRQ.TIMER, VIRQ.DEBUG, VIRQ.XENOPROF, VIRQ.CONSOLE];
const DOMS = (world: GuestWorld): number[] => [0, 3, ...world.members.map(({ dom }) => dom)];

const pick = <T>(chance: Chance, values: readonly T[]): T | undefined =>
  values[chance(values.length)];

const handler = (chance: Chance) => ({
  token: chance(1000),
  ...pick(chance, [
    { filter: 0, ithread: 1 },
    { filter: 1, ithread: 0 },
    { filter: 1, ithread: 1 },
  ])!,
});
/** A port may be bound without one; to a VIRQ or IPI without one a resume would bring strays. */
const perhaps = (chance: Chance) =>
  chance(6) === 0 ? { token: 0, filter: 0, ithread: 0 } : handler(chance);

const handles = (
  world: GuestWorld,
  member: Member,
  wanted: (isrc: IsrcFields) => boolean = () => true,
): number[] => {
  const { handles: all, isrcs } = world.kernel(member);
  return all.flatMap(({ handle, isrc }) =>
    handle > 2 && isrc >= 0 && wanted(isrcs[isrc]!) ? [handle] : [],
  );
};

/** Handles are named, so that an op means the same when others are left out. */
const freeHandle = (world: GuestWorld, member: Member): number => {
  const taken = new Set(handles(world, member));
  let handle = 3;
  while (taken.has(handle)) handle += 1;
  return handle;
};

const onHandle =
  (op: 'intr_signal' | 'intr_handled' | 'intr_unbind', wanted?: (isrc: IsrcFields) => boolean) =>
  (chance: Chance, world: GuestWorld, member: Member): Op | undefined => {
    const handle = pick(chance, handles(world, member, wanted));
    return handle === undefined ? undefined : makeOp(member.dom, op, { handle });
  };

/** Unbinding closes the port, which panics where somebody closed it: drivers here know better. */
const unbind: Driver = (chance, world, member) =>
  onHandle('intr_unbind', ({ close, port }) => !close || !member.lost.has(port))(
    chance,
    world,
    member,
  );

const isSendable = ({ type }: IsrcFields): boolean => type === 'port' || type === 'ipi';

/** A raw close of a source's port: not of a VIRQ's, which would be bound a second time; not of xenstore. */
const rawClose: Driver = (chance, world, member) => {
  const { isrcs, portToIsrc, store } = world.kernel(member);
  const own = [store.store, store.console];
  const ports = portToIsrc.filter(
    ({ port, isrc }) => !own.includes(port) && isSendable(isrcs[isrc]!),
  );
  const chosen = pick(chance, ports);
  return chosen && makeOp(member.dom, 'close', { port: chosen.port });
};

const rawUnmask: Driver = (chance, world, member) => {
  const { isrcs, portToIsrc } = world.kernel(member);
  const ports = portToIsrc.filter(({ isrc }) => isrcs[isrc]!.handler !== undefined);
  const chosen = pick(chance, ports);
  return chosen && makeOp(member.dom, 'unmask', { port: chosen.port });
};

/** A port of `remote` that waits for somebody. */
const waiting = (chance: Chance, world: GuestWorld, remote: number): number => {
  const ports = world.machine.ports(remote, 1, 64).filter(({ state }) => state === 'unbound');
  return pick(chance, ports)?.port ?? chance(64);
};

const bindRemote: Driver = (chance, world, member) => {
  const handle = freeHandle(world, member);
  const remoteDom = pick(chance, DOMS(world))!;
  const remotePort = waiting(chance, world, remoteDom);
  return makeOp(member.dom, 'intr_bind_remote_port', {
    ...{ remoteDom, remotePort, handle },
    ...perhaps(chance),
  });
};

/** A port that somebody opened for the guest; an IPI that a suspend has leaked is none. */
const bindLocal: Driver = (chance, world, member) => {
  const { dom } = member;
  const leaks = new Set(
    [...member.leaks].filter((port) => world.machine.port(dom, port)!.state !== 'ipi'),
  );
  const port = chance(8) === 0 ? chance(70) : pick(chance, [...leaks]);
  if (port === undefined || (!leaks.has(port) && port > 0 && port < 64)) return undefined;
  const handle = freeHandle(world, member);
  return makeOp(dom, 'intr_bind_local_port', { port, handle, ...perhaps(chance) });
};

const allocate: Driver = (chance, world, member) =>
  makeOp(member.dom, 'intr_alloc_and_bind_local_port', {
    remoteDom: pick(chance, DOMS(world))!,
    handle: freeHandle(world, member),
    ...perhaps(chance),
  });

/** VIRQs and IPIs stay where Xen delivers them: elsewhere, nobody would look. */
const handleOp: Driver = (chance, world, member) => {
  const handle = pick(chance, handles(world, member));
  if (handle === undefined) return undefined;
  const movable = handles(world, member, ({ type }) => type === 'port');
  if (movable.includes(handle) && chance(2) === 0) {
    return makeOp(member.dom, 'intr_assign_cpu', { handle, cpu: chance(3) });
  }
  return makeOp(member.dom, 'intr_add_handler', { handle, ...handler(chance) });
};

const bindVirq: Driver = (chance, world, member) =>
  makeOp(member.dom, 'intr_bind_virq', {
    ...{ virq: pick(chance, VIRQS)!, cpu: chance(4), handle: freeHandle(world, member) },
    ...handler(chance),
  });

const bindIpi: Driver = (chance, world, member) =>
  makeOp(member.dom, 'intr_alloc_and_bind_ipi', {
    ...{ cpu: chance(4), handle: freeHandle(world, member) },
    ...handler(chance),
  });

const lookUp: Driver = (chance, world, member) =>
  makeOp(member.dom, 'intr_get_evtchn_from_port', {
    port: chance(70),
    handle: freeHandle(world, member),
  });

const inject: Driver = (chance, _world, { dom }) =>
  makeOp(dom, 'inject_failure', { what: chance(2), value: pick(chance, [12, 22, 16])! });

const rawMask: Driver = (chance, world, member) =>
  makeOp(member.dom, 'm_mask', { port: pick(chance, world.kernel(member).portToIsrc)?.port ?? 1 });

/** Only the layer can take the port of a source that was closed from it: nobody else tells it. */
const rawAllocate: Driver = (chance, world, { dom, lost }) =>
  lost.size > 0
    ? undefined
    : makeOp(dom, 'alloc_unbound', { dom: SELF, remoteDom: pick(chance, DOMS(world))! });

const DRIVERS: readonly (readonly [weight: number, driver: Driver])[] = [
  [12, allocate],
  [14, bindRemote],
  [6, bindLocal],
  [4, bindVirq],
  [4, bindIpi],
  [18, unbind],
  [30, onHandle('intr_signal', isSendable)],
  [30, onHandle('intr_handled')],
  [8, handleOp],
  [5, lookUp],
  [3, (chance, _world, { dom }) => makeOp(dom, 'intr_upcall', { cpu: chance(3) })],
  [2, inject],
  [3, rawClose],
  [4, rawUnmask],
  [4, rawMask],
  [1, rawAllocate],
];

const DRIVER_WEIGHT = DRIVERS.reduce((sum, [weight]) => sum + weight, 0);

/** The peer of domain 3 and the control domain send, bind, close and reset as they like. */
function peerOp(chance: Chance, world: GuestWorld): Op {
  const caller = chance(3) === 0 ? 0 : 3;
  const port = chance(24);
  const remoteDom = pick(chance, world.members)!.dom;
  const choice = chance(40);
  if (choice < 20) return makeOp(caller, 'send', { port });
  if (choice < 28) return makeOp(caller, 'alloc_unbound', { dom: SELF, remoteDom });
  if (choice < 35) {
    const remotePort = waiting(chance, world, remoteDom);
    return makeOp(caller, 'bind_interdomain', { remoteDom, remotePort });
  }
  if (choice < 37) return makeOp(caller, 'close', { port });
  if (choice < 38) return makeOp(3, 'reset', { dom: SELF });
  return makeOp(XEN, 'raise_virq', { dom: remoteDom, vcpu: chance(3), virq: pick(chance, VIRQS)! });
}

/**
 * Uncooperative is not for guests with VIRQs, nor for those that have few ports left: binding VIRQs
 * again is a panic in every variant, and so is running out of ports.
 */
function begin(chance: Chance, world: GuestWorld, member: Member): Op {
  const virqs = world.kernel(member).isrcs.some(({ type }) => type === 'virq');
  const possible = !virqs && world.machine.domain(member.dom)!.activePorts < 32;
  const modes = SUSPEND_MODES.filter((mode) => mode !== 'uncooperative' || possible);
  const mode = SUSPEND_MODES.indexOf(pick(chance, modes)!);
  return makeOp(XEN, 'suspend_begin', { dom: member.dom, mode });
}

function finish(chance: Chance, world: GuestWorld, member: Member, mode: number): Op {
  const newDom = chance(3) === 0 ? member.dom : -1;
  const precreate = world.machine.domain(member.dom)!.activePorts < 48 ? chance(4) : 0;
  return makeOp(XEN, 'suspend_finish', { dom: member.dom, mode, newDom, precreate });
}

/** Endless ops that suit the world as it is, from a seed. */
export function* randomGuestOps(seed: number, world: GuestWorld): Generator<Op, never, void> {
  const chance = random(seed);
  const modes = new Map<Member, number>();
  for (;;) {
    const member = pick(chance, world.members)!;
    const mode = modes.get(member);
    if (chance(4) === 0) yield peerOp(chance, world);
    else if (mode !== undefined) {
      if (chance(3) > 0) continue;
      modes.delete(member);
      yield finish(chance, world, member, mode);
    } else if (chance(120) === 0) {
      const op = begin(chance, world, member);
      modes.set(member, (op as Op & { mode: number }).mode);
      yield op;
    } else {
      const op = driverOp(chance, world, member);
      if (op !== undefined) yield op;
    }
  }
}

function driverOp(chance: Chance, world: GuestWorld, member: Member): Op | undefined {
  let left = chance(DRIVER_WEIGHT);
  for (const [weight, driver] of DRIVERS) {
    left -= weight;
    if (left < 0) return driver(chance, world, member);
  }
  return undefined;
}
