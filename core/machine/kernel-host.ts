import type { GuestHost } from '../public/guest-host.ts';
import { DOMID_SELF } from '../public/ids.ts';
import { allocUnbound, bindInterdomain, bindIpi, bindVcpu } from '../xen/bind.ts';
import { close } from '../xen/close.ts';
import type { Domain } from '../xen/domain.ts';
import { maskWord, pendingWord } from '../xen/event-2l.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { send, unmask } from '../xen/notify.ts';
import { setUpcallPending } from '../xen/upcall.ts';
import { bindVirq } from '../xen/virq.ts';

/** The host that a kernel runs on: its hypercalls go straight to the hypervisor. */
export function kernelHost(xen: Hypervisor, domain: Domain): GuestHost {
  const { memory, layout } = domain;
  const pending = pendingWord(domain);
  const mask = maskWord(domain);
  return {
    wordBits: layout.wordBits,
    vcpus: domain.vcpus.length,

    allocUnbound: (remoteDom) => allocUnbound(xen, domain, { dom: DOMID_SELF, remoteDom }),
    bindInterdomain: (remoteDom, remotePort) =>
      bindInterdomain(xen, domain, { remoteDom, remotePort }),
    bindVirq: (virq, vcpu) => bindVirq(xen, domain, { virq, vcpu }),
    bindIpi: (vcpu) => bindIpi(xen, domain, { vcpu }),
    bindVcpu: (port, vcpu) => bindVcpu(xen, domain, { port, vcpu }),
    close: (port) => close(xen, domain, { port }),
    send: (port) => send(xen, domain, { port }),
    unmask: (port) => unmask(xen, domain, { port }),

    testAndSetMask: (port) => memory.testAndSetBit(mask, port),
    maskAll() {
      const words = layout.wordBits ** 2 / 32;
      for (let word = 0; word < words; word += 1) memory.write(mask + word, 0xffff_ffff);
    },
    clearPending(port) {
      memory.testAndClearBit(pending, port);
    },
    activePorts: (index) => memory.words[pending + index]! & ~memory.words[mask + index]!,
    clearUpcall(vcpu) {
      setUpcallPending(domain.vcpu(vcpu), 0);
    },
    takeSelector(vcpu) {
      const { info } = domain.vcpu(vcpu);
      const selector = info.word + (layout.selOffset >> 2);
      const low = info.memory.words[selector]!;
      info.memory.write(selector, 0);
      if (layout.wordBits === 32) return [low, 0];
      const high = info.memory.words[selector + 1]!;
      info.memory.write(selector + 1, 0);
      return [low, high];
    },
  };
}
