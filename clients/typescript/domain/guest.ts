import {
  EventChannelServiceService as methods,
  PortBitAction,
} from '../../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { BatchOp } from '../batch/batch-op.ts';
import { outcomesOf } from '../batch/outcome.ts';
import type { Outcomes } from '../batch/outcome.ts';
import { Session } from '../batch/session.ts';
import type { SessionOptions } from '../batch/session.ts';
import { portFromProto } from '../views/port-view.ts';
import type { PortView } from '../views/port-view.ts';
import type { Method, Wire } from '../wire/wire.ts';
import { portNumber } from './port.ts';
import type { PortNumber } from './port.ts';

/** Who acts in every request. */
export interface Caller {
  readonly machine: string;
  readonly caller: number;
  readonly callerVcpu: number;
}

/** What a domain's kernel can do besides hypercalls: batches, and bits in its shared_info. */
export abstract class Guest {
  /** The domid. */
  readonly dom: number;
  protected readonly wire: Wire;
  protected readonly who: Caller;

  constructor(wire: Wire, who: Caller) {
    this.wire = wire;
    this.who = who;
    this.dom = who.caller;
  }

  /**
   * Executes up to 4096 ops in order, in one round trip; the domain is the caller of those that
   * name none. An op that fails does not stop those after it.
   */
  async multicall<const Ops extends readonly BatchOp<unknown>[]>(ops: Ops): Promise<Outcomes<Ops>> {
    const request = { ops: ops.map(({ message }) => message) };
    const { results } = await this.act(methods.multicall, request);
    return outcomesOf(ops, results);
  }

  /** Opens a session in which the domain is the caller of ops that name none. */
  session(options: Pick<SessionOptions, 'window'> = {}): Session {
    const { machine, caller, callerVcpu } = this.who;
    return new Session(this.wire, machine, { ...options, caller, callerVcpu });
  }

  /** A port's binding and bits; undefined: it is free. No hypercall, and it changes nothing. */
  async portView(port: PortNumber): Promise<PortView | undefined> {
    const fromPort = portNumber(port);
    const request = { machine: this.who.machine, dom: this.dom, fromPort, maxPorts: 1 };
    const { ports } = await this.wire.read(methods.listPorts, request);
    const [found] = ports;
    return found?.port === fromPort ? portFromProto(found) : undefined;
  }

  /**
   * Sets a port's bit of evtchn_mask in shared_info. Xen is not told. The bits have a meaning on
   * the 2-level ABI only, and the port counts modulo the ports of that ABI.
   */
  setMask(port: PortNumber): Promise<void> {
    return this.#setBit(port, PortBitAction.SET_MASK);
  }

  /** Clears a port's bit of evtchn_mask; unlike `unmask` it brings no event that waits. */
  clearMask(port: PortNumber): Promise<void> {
    return this.#setBit(port, PortBitAction.CLEAR_MASK);
  }

  /** Sets a port's bit of evtchn_pending in shared_info. Notifies nobody. */
  setPending(port: PortNumber): Promise<void> {
    return this.#setBit(port, PortBitAction.SET_PENDING);
  }

  /** Clears a port's bit of evtchn_pending, as a kernel does that takes the event. */
  clearPending(port: PortNumber): Promise<void> {
    return this.#setBit(port, PortBitAction.CLEAR_PENDING);
  }

  /** One call in which this domain and vCPU are the caller; never sent again by itself. */
  protected act<Args extends object, Response>(
    method: Method<Args & Caller, Response>,
    args: Args,
    timeoutMs?: number,
  ): Promise<Response> {
    return this.wire.call(method, { ...this.who, ...args }, timeoutMs);
  }

  async #setBit(port: PortNumber, action: PortBitAction): Promise<void> {
    await this.act(methods.setPortBit, { port: portNumber(port), action });
  }
}
