import { DOMID_SELF, DOMID_XEN } from '../public/ids.ts';
import { INJECTIONS } from '../machine/guests.ts';
import type { Op } from '../machine/op.ts';
import { SUSPEND_MODES } from '../machine/suspend.ts';
import type { SuspendMode } from '../machine/suspend.ts';
import type { Value } from './format.ts';
import type { GuestVerb, OtherVerb } from './verbs.ts';

/** Names of a scenario as the machine knows them now. */
export interface Resolver {
  /** The domain that domain `dom` of the file has become. */
  dom(dom: number): number;
  port(value: Value): number;
  handle(name: Value): number;
}

type Args = Readonly<Record<string, Value>>;

const HANDLER_BITS: Readonly<Record<string, { filter: number; ithread: number }>> = {
  none: { filter: 0, ithread: 0 },
  filter: { filter: 1, ithread: 0 },
  ithread: { filter: 0, ithread: 1 },
  both: { filter: 1, ithread: 1 },
};

/** A call into a guest's layer as a thread: the machine starts it, and the runner lets it run. */
export function guestOp(
  verb: GuestVerb,
  args: Args,
  caller: number,
  thread: number,
  resolver: Resolver,
): Op {
  const op: Record<string, unknown> = { op: `intr_${verb}`, caller, thread };
  for (const [name, value] of Object.entries(args)) {
    if (name === 'as' || name === 'handle') op['handle'] = resolver.handle(value);
    else if (name === 'handler') Object.assign(op, HANDLER_BITS[String(value)]);
    else if (name === 'port' || name === 'remotePort') op[name] = resolver.port(value);
    else if (name === 'remoteDom') op[name] = resolver.dom(Number(value));
    else if (name !== 'portAs') op[name] = value;
  }
  if ('handler' in args) op['token'] = op['handle'];
  return op as unknown as Op;
}

/** What does not go through the layer. The toolstack may reset only a domain that is paused. */
export function plainOps(verb: OtherVerb, args: Args, caller: number, resolver: Resolver): Op[] {
  const op = plainOp(verb, args, caller, resolver);
  if (verb !== 'reset') return [op];
  const [toolstack, dom] = [DOMID_XEN, caller];
  return [
    { op: 'pause_domain', caller: toolstack, dom },
    op,
    { op: 'unpause_domain', caller: toolstack, dom },
  ];
}

function plainOp(verb: OtherVerb, args: Args, caller: number, resolver: Resolver): Op {
  const number = (name: string): number => Number(args[name] ?? 0);
  const remoteDom = (): number => resolver.dom(number('remoteDom'));
  switch (verb) {
    case 'hv.alloc_unbound':
      return { op: 'alloc_unbound', caller, dom: DOMID_SELF, remoteDom: remoteDom() };
    case 'hv.bind_interdomain': {
      const remotePort = resolver.port(args['remotePort']!);
      return { op: 'bind_interdomain', caller, remoteDom: remoteDom(), remotePort };
    }
    case 'hv.bind_virq':
      return { op: 'bind_virq', caller, virq: number('virq'), vcpu: number('vcpu') };
    case 'hv.bind_ipi':
      return { op: 'bind_ipi', caller, vcpu: number('vcpu') };
    case 'hv.bind_vcpu': {
      const port = resolver.port(args['port']!);
      return { op: 'bind_vcpu', caller, port, vcpu: number('vcpu') };
    }
    case 'hv.reset':
      return { op: 'reset', caller, dom: DOMID_SELF };
    case 'suspend':
    case 'resume':
    case 'destroy':
    case 'reset':
    case 'raise_virq':
    case 'inject':
      return outsideOp(verb, args, caller);
    default:
      return { op: PORT_OPS[verb], caller, port: resolver.port(args['port']!) };
  }
}

type OutsideVerb = 'suspend' | 'resume' | 'destroy' | 'reset' | 'raise_virq' | 'inject';

/** What is done to `dom` from outside: by the toolstack, by hardware, by whoever tests it. */
function outsideOp(verb: OutsideVerb, args: Args, dom: number): Op {
  const number = (name: string): number => Number(args[name] ?? 0);
  const caller = DOMID_XEN;
  const mode = SUSPEND_MODES.indexOf(args['mode'] as SuspendMode);
  switch (verb) {
    case 'suspend':
      return { op: 'suspend_begin', caller, dom, mode };
    case 'resume': {
      const newDom = args['newDom'] === 'next' ? -1 : dom;
      return { op: 'suspend_finish', caller, dom, mode, newDom, precreate: number('precreate') };
    }
    case 'destroy':
      return { op: 'destroy_domain', caller, dom };
    case 'reset':
      return { op: 'reset', caller: 0, dom };
    case 'raise_virq':
      return { op: 'raise_virq', caller, dom, virq: number('virq'), vcpu: number('vcpu') };
    case 'inject': {
      const what = INJECTIONS.indexOf(args['what'] as (typeof INJECTIONS)[number]);
      return { op: 'inject_failure', caller: dom, what, value: number('value') };
    }
  }
}

const PORT_OPS = {
  'hv.close': 'close',
  'hv.send': 'send',
  'hv.unmask': 'unmask',
  'mem.mask': 'm_mask',
  'mem.unmask': 'm_unmask',
  'mem.set_pending': 'm_setpend',
  'mem.clear_pending': 'm_clrpend',
} as const;
