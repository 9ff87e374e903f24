import { VcpuCalls } from './vcpu-calls.ts';

/** A vCPU of a domain that makes hypercalls. `domain.vcpu(0)` acts as the domain itself does. */
export class Vcpu extends VcpuCalls {
  /** Its number in the domain. */
  get vcpu(): number {
    return this.who.callerVcpu;
  }
}
