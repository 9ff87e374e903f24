import { XEN_VERSION_DEFAULT } from '../../core/index.ts';
import type { Knobs } from '../../core/index.ts';
import { setUpAbi } from '../../core/guest/abi.ts';
import { VARIANTS } from '../../core/guest/knobs.ts';
import { Layer } from '../../core/guest/layer.ts';
import { handleUpcall } from '../../core/guest/upcall.ts';
import { atomically } from '../../core/lib/steps.ts';
import type { Steps } from '../../core/lib/steps.ts';
import { kernelHost } from '../../core/machine/kernel-host.ts';
import { SHARED_INFO_LAYOUT } from '../../core/public/shared-info.ts';
import { bindInterdomain } from '../../core/xen/bind.ts';
import type { Domain } from '../../core/xen/domain.ts';
import { createDomain } from '../../core/xen/domctl.ts';
import { Hypervisor } from '../../core/xen/hypervisor.ts';
import { send } from '../../core/xen/notify.ts';
import { upcallPending } from '../../core/xen/upcall.ts';

export interface BenchOptions {
  readonly knobs?: Partial<Knobs>;
  readonly guest?: 'hvm64' | 'hvm32';
}

/** A layer on a domain of its own, with a peer: what it calls and what it hears is written down. */
export class LayerBench {
  readonly xen = new Hypervisor(XEN_VERSION_DEFAULT, { emit: () => undefined });
  readonly domain: Domain;
  readonly peer: Domain;
  readonly layer: Layer;
  /** Hypercalls and accesses of the layer, in order: 'unmask 3'. */
  readonly calls: string[] = [];
  /** What the layer told: 'filter 7', 'ithread 7', a fault or a line of the log. */
  readonly told: string[] = [];

  constructor({ knobs = {}, guest = 'hvm64' }: BenchOptions = {}) {
    this.domain = this.#create(1, guest);
    this.peer = this.#create(2, guest);
    const all = { ...VARIANTS['review-ideal'], ...knobs };
    this.layer = new Layer(
      recorded(kernelHost(this.xen, this.domain), this.calls),
      all,
      {
        interrupt: (_isrc, { token }, stage) => void this.told.push(`${stage} ${token}`),
        fault: (fault) => void this.told.push(JSON.stringify(fault)),
        log: (text) => void this.told.push(text),
      },
      256,
    );
    atomically(setUpAbi(this.layer));
    this.calls.length = 0;
  }

  #create(dom: number, guest: 'hvm64' | 'hvm32'): Domain {
    const common = { privileged: false, vcpus: 4, vcpusUp: 4, pages: 8, paused: false };
    createDomain(this.xen, { dom, guest, maxEvtchnPort: 4095, ...common });
    return this.xen.domains.get(dom)!;
  }

  /** The peer's end of `port`. */
  join(port: number): number {
    const result = bindInterdomain(this.xen, this.peer, { remoteDom: 1, remotePort: port });
    if (!result.ok) throw new Error(`port ${port} waits for the peer in this test`);
    return result.value.localPort;
  }

  sendFrom(peerPort: number): void {
    send(this.xen, this.peer, { port: peerPort });
  }

  /** Takes every upcall that is asked for, until none is. */
  drain(): void {
    for (let again = true; again; ) {
      again = false;
      for (const vcpu of this.domain.vcpus) {
        if (!upcallPending(vcpu)) continue;
        again = true;
        atomically(handleUpcall(this.layer, vcpu.id));
      }
    }
  }

  /** A word of xen_ulong_t: the selector of a vCPU. */
  select(vcpu: number, low: number, high = 0): void {
    const { info } = this.domain.vcpu(vcpu);
    const at = info.word + (SHARED_INFO_LAYOUT[this.domain.guest].selOffset >> 2);
    info.memory.write(at, low);
    if (this.domain.layout.wordBits === 64) info.memory.write(at + 1, high);
  }
}

/** `host`, but each call of a function that changes something is written down first. */
function recorded<Host extends object>(host: Host, calls: string[]): Host {
  const entries = Object.entries(host).map(([name, value]) => {
    if (typeof value !== 'function' || name === 'activePorts') return [name, value];
    return [
      name,
      (...args: unknown[]) => {
        calls.push([name, ...args].join(' '));
        return (value as (...all: unknown[]) => unknown)(...args);
      },
    ];
  });
  return Object.fromEntries(entries) as Host;
}

/** What a thread is asked for: `steps` without their answer. */
export function* ignored(steps: Steps<unknown>): Steps {
  yield* steps;
}
