import { EVTCHN_FIFO_MASKED, EVTCHN_FIFO_PENDING } from '../public/fifo.ts';
import type { GuestHost } from '../public/guest-host.ts';
import { DOMID_SELF } from '../public/ids.ts';
import { allocUnbound, bindInterdomain, bindIpi, bindVcpu } from '../xen/bind.ts';
import { close } from '../xen/close.ts';
import type { Port } from '../public/ids.ts';
import type { Domain } from '../xen/domain.ts';
import { maskWord, pendingWord } from '../xen/event-2l.ts';
import { eventWord } from '../xen/event-fifo.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import { send, unmask } from '../xen/notify.ts';
import { setUpcallPending } from '../xen/upcall.ts';
import { bindVirq } from '../xen/virq.ts';
import { fifoHost } from './fifo-host.ts';

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

    fifo: fifoHost(xen, domain),

    testAndSetMask(port) {
      if (domain.fifo === undefined) return memory.testAndSetBit(mask, port);
      return setFlag(domain, port, EVTCHN_FIFO_MASKED);
    },
    maskAll() {
      const words = layout.wordBits ** 2 / 32;
      for (let word = 0; word < words; word += 1) memory.write(mask + word, 0xffff_ffff);
    },
    clearPending(port) {
      if (domain.fifo === undefined) memory.testAndClearBit(pending, port);
      else clearFlag(domain, port, EVTCHN_FIFO_PENDING);
    },
    activePorts: (index) => memory.words[pending + index]! & ~memory.words[mask + index]!,
    ...selectors(domain),
  };
}

/** What each vCPU is told in its vcpu_info. */
function selectors(domain: Domain): Pick<GuestHost, 'clearUpcall' | 'takeSelector'> {
  const { layout } = domain;
  return {
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

/** Sets a flag of an event word; answers whether it was set. Without a word, it is as if set. */
function setFlag(domain: Domain, port: Port, flag: number): boolean {
  const word = eventWord(domain, port);
  if (word < 0) return true;
  const old = domain.memory.words[word]!;
  if ((old & flag) === 0) domain.memory.write(word, old | flag);
  return (old & flag) !== 0;
}

function clearFlag(domain: Domain, port: Port, flag: number): void {
  const word = eventWord(domain, port);
  if (word >= 0) domain.memory.write(word, domain.memory.words[word]! & ~flag);
}
