/*
 * Event channels under the 2-level ABI once more, from public/event_channel.h and what Xen is
 * known to do: sets, maps and linear scans, written without a look at core. An answer is the
 * errno's name, or a port, or 0.
 */

export type Answer = string | number;

interface Port {
  state: 'unbound' | 'interdomain' | 'virq' | 'ipi';
  vcpu: number;
  remoteDom?: number;
  remotePort?: number;
  virq?: number;
}

/** Per-vCPU VIRQs: timer, debug, and the two of profilers. */
const PER_VCPU = new Set([0, 1, 7, 13]);
const NR_VIRQS = 24;

export class ReferenceDomain {
  readonly ports = new Map<number, Port>();
  readonly pending = new Set<number>();
  readonly masked = new Set<number>();
  /** "vCPU/bit" of every selector bit that is set. */
  readonly selectors = new Set<string>();
  readonly upcalls = new Set<number>();
  valid = 64;
  readonly id: number;
  readonly vcpus: number;
  readonly wordBits: number;
  readonly maxPort: number;
  readonly privileged: boolean;

  constructor(id: number, vcpus: number, wordBits: number, maxPort: number) {
    this.id = id;
    this.vcpus = vcpus;
    this.wordBits = wordBits;
    this.maxPort = maxPort;
    this.privileged = id === 0;
  }
}

export class Reference2l {
  readonly domains = new Map<number, ReferenceDomain>();

  add(domain: ReferenceDomain): void {
    this.domains.set(domain.id, domain);
  }

  allocUnbound(caller: number, dom: number, remoteDom: number): Answer {
    const domain = this.domains.get(this.#id(caller, dom));
    if (domain === undefined) return 'ESRCH';
    const port = this.#freePort(domain);
    if (typeof port === 'string') return port;
    if (caller !== domain.id && !this.#of(caller).privileged) return 'EPERM';
    domain.ports.set(port, { state: 'unbound', vcpu: 0, remoteDom: this.#id(caller, remoteDom) });
    return port;
  }

  bindInterdomain(caller: number, dom: number, remotePort: number): Answer {
    const remoteDom = this.#id(caller, dom);
    const remote = this.domains.get(remoteDom);
    if (remote === undefined) return 'ESRCH';
    const local = this.#of(caller);
    const port = this.#freePort(local);
    if (typeof port === 'string') return port;
    const far = remote.ports.get(remotePort);
    if (far === undefined || far.state !== 'unbound' || far.remoteDom !== caller) return 'EINVAL';
    local.ports.set(port, { state: 'interdomain', vcpu: 0, remoteDom, remotePort });
    Object.assign(far, { state: 'interdomain', remoteDom: caller, remotePort: port });
    this.#raise(local, port);
    return port;
  }

  bindIpi(caller: number, vcpu: number): Answer {
    const domain = this.#of(caller);
    if (vcpu >= domain.vcpus) return 'ENOENT';
    const port = this.#freePort(domain);
    if (typeof port === 'number') domain.ports.set(port, { state: 'ipi', vcpu });
    return port;
  }

  /** As dom0 is the handler of every global VIRQ here, and the version is 4.22 without ARGO. */
  bindVirq(caller: number, virq: number, vcpu: number): Answer {
    const domain = this.#of(caller);
    if (virq >= NR_VIRQS) return 'EINVAL';
    if (!PER_VCPU.has(virq) && vcpu !== 0) return 'EINVAL';
    if (vcpu >= domain.vcpus) return 'ENOENT';
    if (!PER_VCPU.has(virq) && caller !== 0) return 'EBUSY';
    if (this.#virqPort(domain, virq, vcpu) !== undefined) return 'EEXIST';
    const port = this.#freePort(domain);
    if (typeof port === 'number') domain.ports.set(port, { state: 'virq', vcpu, virq });
    return port;
  }

  bindVcpu(caller: number, number: number, vcpu: number): Answer {
    const domain = this.#of(caller);
    if (vcpu >= domain.vcpus) return 'ENOENT';
    const port = domain.ports.get(number);
    if (port === undefined || port.state === 'ipi') return 'EINVAL';
    if (port.state === 'virq' && PER_VCPU.has(port.virq!)) return 'EINVAL';
    port.vcpu = vcpu;
    return 0;
  }

  close(caller: number, number: number): Answer {
    const domain = this.#of(caller);
    const port = domain.ports.get(number);
    if (port === undefined) return 'EINVAL';
    domain.ports.delete(number);
    domain.pending.delete(number);
    if (port.state === 'interdomain') {
      const far = this.domains.get(port.remoteDom!)!.ports.get(port.remotePort!)!;
      Object.assign(far, { state: 'unbound', remoteDom: caller });
    }
    return 0;
  }

  send(caller: number, number: number): Answer {
    const domain = this.#of(caller);
    const port = domain.ports.get(number);
    if (port === undefined || port.state === 'virq') return 'EINVAL';
    if (port.state === 'ipi') this.#raise(domain, number);
    if (port.state === 'interdomain') {
      this.#raise(this.domains.get(port.remoteDom!)!, port.remotePort!);
    }
    return 0;
  }

  raiseVirq(dom: number, virq: number, vcpu: number): Answer {
    const domain = PER_VCPU.has(virq) ? this.domains.get(dom) : this.domains.get(0);
    if (domain === undefined) return 'ESRCH';
    if (PER_VCPU.has(virq) && vcpu >= domain.vcpus) return 'ENOENT';
    const port = this.#virqPort(domain, virq, vcpu);
    if (port !== undefined) this.#raise(domain, port);
    return 0;
  }

  unmask(caller: number, number: number): Answer {
    const domain = this.#of(caller);
    if (number >= domain.valid) return 'EINVAL';
    const port = domain.ports.get(number);
    if (port === undefined || !domain.masked.delete(number)) return 0;
    if (domain.pending.has(number)) this.#select(domain, number, port.vcpu);
    return 0;
  }

  /** State, vCPU and whatever the state has besides. */
  status(caller: number, dom: number, number: number): Answer {
    const domain = this.domains.get(this.#id(caller, dom));
    if (domain === undefined) return 'ESRCH';
    if (number >= domain.valid) return 'EINVAL';
    if (caller !== domain.id && !this.#of(caller).privileged) return 'EPERM';
    const port = domain.ports.get(number);
    if (port === undefined) return 'closed on 0';
    const { state, vcpu, remoteDom, remotePort, virq } = port;
    if (state === 'unbound') return `unbound on ${vcpu} for ${remoteDom}`;
    if (state === 'interdomain') return `interdomain on ${vcpu} to ${remoteDom}:${remotePort}`;
    return state === 'virq' ? `virq on ${vcpu} is ${virq}` : `ipi on ${vcpu}`;
  }

  reset(caller: number): Answer {
    for (const number of [...this.#of(caller).ports.keys()]) this.close(caller, number);
    return 0;
  }

  #id(caller: number, dom: number): number {
    return dom === 0x7ff0 ? caller : dom;
  }

  #of(dom: number): ReferenceDomain {
    return this.domains.get(dom)!;
  }

  #virqPort(domain: ReferenceDomain, virq: number, vcpu: number): number | undefined {
    for (const [number, port] of domain.ports) {
      if (port.virq === virq && (!PER_VCPU.has(virq) || port.vcpu === vcpu)) return number;
    }
    return undefined;
  }

  /** The lowest free port; a bucket of 64 becomes valid when it is needed, whatever comes then. */
  #freePort(domain: ReferenceDomain): Answer {
    let port = 1;
    while (domain.ports.has(port)) port += 1;
    if (port > domain.maxPort || port >= domain.wordBits ** 2) return 'ENOSPC';
    if (port >= domain.valid) domain.valid += 64;
    return port;
  }

  #raise(domain: ReferenceDomain, number: number): void {
    if (domain.pending.has(number)) return;
    domain.pending.add(number);
    if (!domain.masked.has(number)) this.#select(domain, number, domain.ports.get(number)!.vcpu);
  }

  #select(domain: ReferenceDomain, number: number, vcpu: number): void {
    const selector = `${vcpu}/${Math.floor(number / domain.wordBits)}`;
    if (domain.selectors.has(selector)) return;
    domain.selectors.add(selector);
    domain.upcalls.add(vcpu);
  }
}
