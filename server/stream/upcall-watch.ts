import type { HostedMachine } from '../machines.ts';
import { refused } from '../rpc/failure.ts';
import type {
  WatchUpcallsRequest,
  WatchUpcallsResponse,
} from '../../proto/gen/evtchnd/v1/event_channel_service.ts';
import type { ServerStream } from './server-stream.ts';
import { UpcallHub } from './upcall-hub.ts';
import type { UpcallListener } from './upcall-hub.ts';

/**
 * One reader of a domain's upcalls. What it has not been told is a number for each vCPU, however
 * long it does not read: an upcall coalesces, as the bit does.
 */
export class UpcallWatch implements UpcallListener {
  readonly dom: number;
  readonly #stream: ServerStream<WatchUpcallsResponse>;
  readonly #hosted: HostedMachine;
  /** The vCPUs that are wanted. */
  readonly #vcpus: ReadonlySet<number>;
  /** Upcalls not yet told, in the order of the first of each vCPU. */
  readonly #untold = new Map<number, number>();
  #writable = true;

  constructor(
    stream: ServerStream<WatchUpcallsResponse>,
    hosted: HostedMachine,
    { dom, vcpus }: WatchUpcallsRequest,
  ) {
    this.dom = dom;
    this.#stream = stream;
    this.#hosted = hosted;
    this.#vcpus = new Set(vcpus.length > 0 ? vcpus : allVcpus(hosted, dom));
    for (const vcpu of this.#vcpus) this.#requireVcpu(vcpu);

    stream.onClose(UpcallHub.of(hosted).subscribe(this));
    stream.onDrain(() => {
      this.#writable = true;
      this.flush();
    });
    this.missed();
    this.flush();
  }

  raised(vcpu: number): void {
    if (this.#vcpus.has(vcpu)) this.#untold.set(vcpu, (this.#untold.get(vcpu) ?? 0) + 1);
  }

  missed(): void {
    for (const vcpu of this.#vcpus) {
      if (this.#untold.has(vcpu)) continue;
      if (this.#hosted.machine.vcpu(this.dom, vcpu)?.upcallPending === true) {
        this.#untold.set(vcpu, 0);
      }
    }
  }

  gone(): void {
    this.#stream.fail(refused('NO_DOMAIN', `domain ${this.dom} was destroyed`));
  }

  flush(): void {
    for (const [vcpu, count] of this.#untold) {
      if (!this.#writable || this.#stream.closed) return;
      this.#untold.delete(vcpu);
      const masked = this.#hosted.machine.vcpu(this.dom, vcpu)?.upcallMask ?? false;
      this.#writable = this.#stream.write({ vcpu, count, masked });
    }
  }

  #requireVcpu(vcpu: number): void {
    if (this.#hosted.machine.vcpu(this.dom, vcpu) !== undefined) return;
    throw refused('BAD_ARGUMENT', `domain ${this.dom} has no vCPU ${vcpu}`);
  }
}

function allVcpus(hosted: HostedMachine, dom: number): number[] {
  const domain = hosted.machine.domain(dom);
  if (domain !== undefined) return Array.from({ length: domain.vcpus }, (_, vcpu) => vcpu);
  throw refused('NO_DOMAIN', `there is no domain ${dom}: ListDomains has them`);
}
