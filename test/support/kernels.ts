import {
  INJECTIONS,
  KNOB_NAMES,
  KNOB_VALUES,
  SUSPEND_MODES,
  VARIANT_NAMES,
} from '../../core/index.ts';
import type { Knobs, KernelView, SuspendMode, VariantName } from '../../core/index.ts';
import { Host, XEN } from './host.ts';
import type { Guest } from './host.ts';

/** A kernel as a test wants it: review-ideal, without xenstore and console, unless said. */
export interface KernelOptions {
  readonly variant?: VariantName;
  readonly knobs?: Partial<Knobs>;
  readonly nr?: number;
  /** Ports before xenstore's; -1: no xenstore and no console. */
  readonly precreate?: number;
  readonly rereadsStore?: boolean;
}

/** Knobs as boot_guest takes them: place of the knob, place of its value. */
const settingsOf = (knobs: Partial<Knobs>): number[] =>
  Object.entries(knobs).flatMap(([name, value]) => [
    KNOB_NAMES.indexOf(name as keyof Knobs),
    (KNOB_VALUES[name as keyof Knobs] as readonly unknown[]).indexOf(value),
  ]);

export const bootArguments = (dom: number, options: KernelOptions = {}) => ({
  dom,
  variant: VARIANT_NAMES.indexOf(options.variant ?? 'review-ideal'),
  nr: options.nr ?? 0,
  precreate: options.precreate ?? -1,
  rereadsStore: options.rereadsStore === true ? 1 : 0,
  settings: settingsOf(options.knobs ?? {}),
});

export const modeNumber = (mode: SuspendMode): number => SUSPEND_MODES.indexOf(mode);

/** A driver that has an ithread, with its token. */
export const ithread = (token: number) => ({ token, filter: 0, ithread: 1 });
export const filter = (token: number) => ({ token, filter: 1, ithread: 0 });

/** A host whose guests have kernels, with short words for what their drivers do. */
export class KernelHost extends Host {
  boot(dom: number, options: KernelOptions = {}): void {
    this.must(XEN, 'boot_guest', bootArguments(dom, options));
  }

  kernel(dom: number): KernelView {
    const view = this.machine.guest(dom);
    if (view === undefined) throw new Error(`domain ${dom} has a kernel in this test`);
    return view;
  }

  /** A channel from a driver of `a` to one of `b`, with ithreads: the handle of each. */
  pair(a: number, b: number, tokens: readonly [number, number] = [1, 2]): [number, number] {
    const front = this.must(a, 'intr_alloc_and_bind_local_port', {
      remoteDom: b,
      ...ithread(tokens[0]),
    }).handle!;
    const remotePort = this.portOf(a, front);
    const args = { remoteDom: a, remotePort, ...ithread(tokens[1]) };
    return [front, this.must(b, 'intr_bind_remote_port', args).handle!];
  }

  portOf(dom: number, handle: number): number {
    const { handles, isrcs } = this.kernel(dom);
    return isrcs[handles.find((entry) => entry.handle === handle)!.isrc]!.port;
  }

  suspend(
    dom: number,
    mode: SuspendMode,
    { newDom = -1, precreate = 0 }: { newDom?: number; precreate?: number } = {},
    meanwhile: () => void = () => undefined,
  ): number {
    this.must(XEN, 'suspend_begin', { dom, mode: modeNumber(mode) });
    meanwhile();
    return this.must(XEN, 'suspend_finish', { dom, mode: modeNumber(mode), newDom, precreate }).dom;
  }

  inject(dom: number, what: (typeof INJECTIONS)[number], value: number): void {
    this.must(dom, 'inject_failure', { what: INJECTIONS.indexOf(what), value });
  }

  /** Ends the guest: a port is closed behind the layer's back, which then fails to close it. */
  kill(dom: number): void {
    const handle = this.must(dom, 'intr_alloc_and_bind_ipi', ithread(1)).handle!;
    this.must(dom, 'close', { port: this.portOf(dom, handle) });
    this.outcome(dom, 'intr_unbind', { handle });
  }

  /** Tokens of the handlers that ran since the last look, as 'ithread 7' or 'filter 7'. */
  handled(dom: number): string[] {
    return this.news()
      .filter((effect) => effect.dom === dom)
      .flatMap(({ kind, detail }) => {
        if (kind === 'interrupt') return [`ithread ${detail}`];
        return kind === 'filtered' ? [`filter ${detail}`] : [];
      });
  }
}

/** A machine with a privileged domain 0 and guests 1 to 3, of which 1 and 2 have kernels. */
export function bootKernels(
  options: KernelOptions = {},
  guest: Guest = { guest: 'hvm64' },
): KernelHost {
  const host = new KernelHost();
  host.create(0, { privileged: true, maxEvtchnPort: 0xffff_ffff });
  for (const dom of [1, 2, 3]) host.create(dom, guest);
  for (const dom of [1, 2]) host.boot(dom, options);
  host.news();
  return host;
}
