import { EVTCHN_FIFO_BUSY, EVTCHN_FIFO_LINKED, EVTCHN_FIFO_LINK_MASK } from '../public/fifo.ts';
import type { Domain } from '../xen/domain.ts';
import { eventWord } from '../xen/event-fifo.ts';
import type { Evtchn } from '../xen/evtchn.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';

/** ECS_*, as debug key 'e' prints it: `s=`. */
const ECS: Readonly<Record<Evtchn['binding']['state'], number>> = {
  free: 0,
  reserved: 1,
  unbound: 2,
  interdomain: 3,
  pirq: 4,
  virq: 5,
  ipi: 6,
};

/** What Xen prints to its console for debug key 'e', of one domain or of all, by domid. */
export function debugKeyE(xen: Hypervisor, dom?: number): string {
  const chosen = [...xen.domains.values()]
    .filter(({ domid }) => dom === undefined || domid === dom)
    .sort((a, b) => a.domid - b.domid);
  const lines = ["'e' pressed -> dumping event-channel info"];
  for (const domain of chosen) lines.push(...domainLines(domain));
  return `${lines.join('\n')}\n`;
}

function domainLines(domain: Domain): string[] {
  const polling = domain.vcpus.filter(({ pollPort }) => pollPort !== 0).map(({ id }) => id);
  const lines = [
    `Event channel information for domain ${domain.domid}:`,
    `Polling vCPUs: {${rangesOf(polling)}}`,
    '    port [p/m/s]',
  ];
  for (let port = 1; port < domain.ports.validCount; port += 1) {
    const evtchn = domain.ports.get(port)!;
    if (evtchn.binding.state !== 'free') lines.push(portLine(domain, evtchn));
  }
  return lines;
}

function portLine(domain: Domain, evtchn: Evtchn): string {
  const { port, binding, usable, notifyVcpu } = evtchn;
  const pending = usable && domain.abi.isPending(domain, evtchn) ? 1 : 0;
  const masked = !usable || domain.abi.isMasked(domain, evtchn) ? 1 : 0;
  const bits = `${pending}/${masked}/${portState(domain, evtchn)}`;
  const consumer = evtchn.xenConsumer ? 1 : 0;
  const number = String(port).padStart(4);
  return `    ${number} [${bits}]: s=${ECS[binding.state]} n=${notifyVcpu} x=${consumer}${far(domain, evtchn)}`;
}

/** 2-level: the selector bit of the port's word. FIFO: whether it is busy, and its link. */
function portState(domain: Domain, evtchn: Evtchn): string {
  const { layout, memory } = domain;
  if (domain.fifo === undefined) {
    const { info } = domain.vcpu(evtchn.notifyVcpu);
    const bit = Math.floor(evtchn.port / layout.wordBits);
    return info.memory.testBit(info.word + (layout.selOffset >> 2), bit) ? '1' : '0';
  }
  const at = eventWord(domain, evtchn.port);
  if (at < 0) return '?     ';
  const word = memory.words[at]!;
  const busy = (word & EVTCHN_FIFO_BUSY) !== 0 ? 'B' : ' ';
  const linked = (word & EVTCHN_FIFO_LINKED) !== 0;
  return `${busy} ${linked ? String(word & EVTCHN_FIFO_LINK_MASK).padEnd(4) : '-   '}`;
}

function far(domain: Domain, { binding }: Evtchn): string {
  switch (binding.state) {
    case 'unbound':
      return ` d=${binding.remoteDom}`;
    case 'interdomain':
      return ` d=${binding.remote.domid} p=${binding.peer.port}`;
    case 'pirq':
      return ` p=${binding.pirq} i=${domain.pirqs.get(binding.pirq)?.irq ?? 0}`;
    case 'virq':
      return ` v=${binding.virq}`;
    default:
      return '';
  }
}

/** As Xen prints a bitmap: 0-2,5. */
function rangesOf(numbers: readonly number[]): string {
  const ranges: string[] = [];
  for (let at = 0; at < numbers.length; at += 1) {
    const first = numbers[at]!;
    while (numbers[at + 1] === numbers[at]! + 1) at += 1;
    ranges.push(first === numbers[at] ? `${first}` : `${first}-${numbers[at]}`);
  }
  return ranges.join(',');
}
