import { SUSPEND_MODES } from '../../core/index.ts';
import type { Effect } from '../../core/index.ts';
import { DRIVER_SESSIONS_MAX } from '../config.ts';
import type { HostedMachine } from '../machines.ts';
import { refused } from '../rpc/failure.ts';
import type { RpcFailure } from '../rpc/failure.ts';
import type { AttachResponse } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import type { ServerStream } from '../stream/server-stream.ts';
import { Descriptions } from './descriptions.ts';
import { DriverSession } from './driver-session.ts';
import type { DriverIdentity } from './driver-session.ts';
import { faultText } from './guest-messages.ts';
import { Suspends } from './suspends.ts';

const EFFECTS_PER_READ = 4096;

const hubs = new WeakMap<HostedMachine, DriverHub>();

/** The drivers of a machine's guests: reads the machine's effects once for all of them. */
export class DriverHub {
  readonly descriptions = new Descriptions();
  readonly suspends = new Suspends();
  readonly #hosted: HostedMachine;
  readonly #sessions = new Map<number, DriverSession>();
  readonly #leases = new Map<DriverSession, NodeJS.Timeout>();
  /** Sessions that are over, whose handles could not be unbound yet. */
  readonly #leaving = new Set<DriverSession>();
  #next: number;
  #lastToken = 0;

  static of(hosted: HostedMachine): DriverHub {
    const hub = hubs.get(hosted) ?? new DriverHub(hosted);
    hubs.set(hosted, hub);
    return hub;
  }

  private constructor(hosted: HostedMachine) {
    this.#hosted = hosted;
    this.#next = hosted.machine.outbox.lastSequence + 1;
    hosted.onEffects(() => this.drain());
  }

  sessionsOf(dom: number): DriverSession[] {
    return [...this.#sessions.values()].filter((session) => session.dom === dom);
  }

  /** A new session; with a token, for the handles that have it. */
  open(identity: Omit<DriverIdentity, 'token'>, token: number): DriverSession {
    if (this.#sessions.size >= DRIVER_SESSIONS_MAX) {
      throw refused('LIMIT', `the machine has its ${DRIVER_SESSIONS_MAX} drivers: end some`);
    }
    if (this.#sessions.has(token)) {
      throw refused(
        'SESSION_TAKEN',
        `token ${token} is another driver's: come back with its session`,
      );
    }
    this.drain(); // Whoever comes now must not be told of what came before.
    const session = new DriverSession(this.#hosted, {
      ...identity,
      token: token === 0 ? this.#freshToken() : token,
    });
    this.#sessions.set(session.token, session);
    if (token !== 0) this.#adopt(session);
    return session;
  }

  /** The session of a driver that comes back. */
  find(id: string): DriverSession {
    for (const session of this.#sessions.values()) if (session.id === id) return session;
    throw refused('NO_SESSION', 'there is no such session, or its lease is over: open a new one');
  }

  /** The session goes on with this stream; one that it still had, ends. */
  attach(session: DriverSession, stream: ServerStream<AttachResponse>): void {
    this.#endLease(session);
    const old = session.stream;
    session.detach();
    old?.fail(refused('SESSION_TAKEN', 'a newer stream has taken the session'));
    stream.onClose(() => this.#detached(session, stream));
    const suspend = this.suspends.get(session.dom);
    if (suspend !== undefined) session.lifecycle.suspending(suspend);
    session.attach(stream);
  }

  /** The session is over: its handles are unbound. */
  end(session: DriverSession): void {
    this.#drop(session);
    this.#leaving.add(session);
    this.#unbindLeaving();
  }

  /** A handle was bound for whoever has the token. */
  bound(dom: number, handle: number, token: number): void {
    const session = this.#sessions.get(token);
    if (session?.dom === dom) session.handles.add(handle);
  }

  unbound(dom: number, handle: number): void {
    this.descriptions.delete(dom, handle);
    for (const session of this.sessionsOf(dom)) session.forget(handle);
  }

  /** Tells the drivers what has happened since. Costs nothing where there are none. */
  drain(): void {
    const { outbox } = this.#hosted.machine;
    if (this.#sessions.size + this.#leaving.size + this.descriptions.size === 0) {
      this.#next = outbox.lastSequence + 1;
      return;
    }
    const faulty = new Set<number>();
    const destroyed = new Set<number>();
    const touched = new Set<DriverSession>();
    while (this.#next <= outbox.lastSequence) {
      const { gap, effects, next } = outbox.read(this.#next, EFFECTS_PER_READ);
      this.#next = next;
      if (gap !== undefined) this.#resyncAll(touched);
      for (const effect of effects) this.#tell(effect, touched, faulty, destroyed);
    }
    for (const session of touched) session.flush();
    for (const dom of faulty) this.#tellFault(dom);
    for (const dom of destroyed) this.#drive(dom, gone(dom));
    for (const session of this.#sessions.values()) session.settleOwed();
    if (this.#leaving.size > 0) this.#unbindLeaving();
  }

  #tell(
    { kind, dom, vcpu, port, detail }: Effect,
    touched: Set<DriverSession>,
    faulty: Set<number>,
    destroyed: Set<number>,
  ): void {
    switch (kind) {
      case 'interrupt': {
        const session = this.#sessions.get(detail);
        if (session?.dom !== dom) return;
        session.raised(port, vcpu);
        touched.add(session);
        return;
      }
      case 'suspending': {
        const suspend = this.suspends.begun(dom, SUSPEND_MODES[detail]!);
        for (const session of this.sessionsOf(dom)) session.lifecycle.suspending(suspend);
        return this.#flush(dom);
      }
      case 'suspended':
        for (const session of this.sessionsOf(dom)) session.lifecycle.suspended();
        return this.#flush(dom);
      case 'resumed':
        destroyed.delete(port);
        return this.#resumed(dom, port, detail);
      case 'guest_fault':
        faulty.add(dom);
        return;
      case 'domain_dying':
      case 'domain_destroyed':
        destroyed.add(dom);
        return;
      default:
    }
  }

  #resumed(dom: number, previousDom: number, detail: number): void {
    const mode = SUSPEND_MODES[detail]!;
    this.suspends.ended(previousDom);
    this.descriptions.move(previousDom, dom);
    for (const session of this.sessionsOf(previousDom)) {
      session.dom = dom;
      session.lifecycle.resumed({ mode, dom, previousDom });
      session.flush();
      if (mode === 'soft_reset') for (const handle of session.handles) session.forget(handle);
    }
  }

  #flush(dom: number): void {
    for (const session of this.sessionsOf(dom)) session.flush();
  }

  /** Several faults of a turn are one message: GetGuest has them all. */
  #tellFault(dom: number): void {
    const view = this.#hosted.machine.guest(dom);
    const fault = view?.dead ?? view?.faults.at(-1);
    if (view === undefined || fault === undefined) return;
    for (const session of this.sessionsOf(dom)) {
      session.lifecycle.fault(fault, view.dead !== undefined);
      session.flush();
    }
    if (view.dead !== undefined) this.#drive(dom, guestEnded(dom, faultText(view.dead)));
  }

  /** Ends the sessions of a domain: there is nothing left that they could unbind. */
  #drive(dom: number, failure: RpcFailure): void {
    this.descriptions.forgetDomain(dom);
    for (const session of this.sessionsOf(dom)) {
      this.#drop(session);
      session.stream?.fail(failure);
    }
  }

  #resyncAll(touched: Set<DriverSession>): void {
    for (const session of this.#sessions.values()) {
      const view = this.#hosted.machine.guest(session.dom);
      if (view === undefined) this.#drive(session.dom, gone(session.dom));
      else session.resync(view);
      touched.add(session);
    }
  }

  #adopt(session: DriverSession): void {
    const { dom } = session;
    session.resync(this.#hosted.machine.guest(dom)!);
    session.lifecycle.resumed({ mode: 'real', dom, previousDom: dom });
  }

  #freshToken(): number {
    for (const { dom } of this.#hosted.machine.domains()) {
      for (const { handler } of this.#hosted.machine.guest(dom)?.isrcs ?? []) {
        if (handler !== undefined) this.#lastToken = Math.max(this.#lastToken, handler.token);
      }
    }
    this.#lastToken = (this.#lastToken + 1) >>> 0;
    while (this.#lastToken === 0 || this.#sessions.has(this.#lastToken)) this.#lastToken += 1;
    return this.#lastToken;
  }

  #detached(session: DriverSession, stream: ServerStream<AttachResponse>): void {
    if (session.stream !== stream || this.#sessions.get(session.token) !== session) return;
    session.detach();
    const lease = setTimeout(() => this.end(session), session.leaseMs);
    this.#leases.set(session, lease.unref());
  }

  #drop(session: DriverSession): void {
    this.#endLease(session);
    this.#sessions.delete(session.token);
    this.suspends.left(session);
  }

  #endLease(session: DriverSession): void {
    clearTimeout(this.#leases.get(session));
    this.#leases.delete(session);
  }

  /** What a paused guest cannot run now is tried again after the next effect. */
  #unbindLeaving(): void {
    for (const session of [...this.#leaving]) {
      const { dom: caller } = session;
      const view = this.#hosted.machine.guest(caller);
      if (view !== undefined) session.resync(view);
      const isLeft = [...session.handles].some((handle) => {
        const answer = this.#hosted.execute({ op: 'intr_unbind', caller, handle, thread: 0 });
        if (!answer.ok && 'refused' in answer) return answer.refused === 'cannot_run';
        this.descriptions.delete(caller, handle);
        session.forget(handle);
        return false;
      });
      const isDead = this.#hosted.machine.guest(caller)?.dead !== undefined;
      if (!isLeft || isDead) this.#leaving.delete(session);
    }
  }
}

const gone = (dom: number): RpcFailure => refused('NO_DOMAIN', `domain ${dom} was destroyed`);

export const guestEnded = (dom: number, why: string): RpcFailure =>
  refused('GUEST_ENDED', `the guest of domain ${dom} has ended: ${why}`);
