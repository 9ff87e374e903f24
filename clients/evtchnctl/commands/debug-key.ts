import type { Command } from 'commander';

import type { Domain, DomainView, PortView, VcpuView } from '../../typescript/index.ts';
import { domid } from '../arguments.ts';
import { action } from '../context.ts';
import type { Output } from '../output/output.ts';

/** `e [DOM]`: what Xen prints to its console for debug key 'e'. */
export function addDebugKey(program: Command): void {
  program
    .command('e')
    .description("ports with their bits, as Xen's debug key 'e' prints them")
    .argument('[dom]', 'domid (default: all)', domid)
    .action(
      action(async ({ machine, out }, dom: number | undefined) => {
        const views =
          dom === undefined ? await machine.domains() : [await machine.domain(dom).view()];
        if (!out.json) console.log("'e' pressed -> dumping event-channel info");
        for (const view of views) await tell(view, machine.domain(view.dom), out);
      }),
    );
}

async function tell(view: DomainView, domain: Domain, out: Output): Promise<void> {
  const ports: PortView[] = [];
  for await (const port of domain.ports()) ports.push(port);
  const vcpus: VcpuView[] = [];
  for await (const vcpu of domain.vcpus()) vcpus.push(vcpu);
  const polling = vcpus.filter(({ blocked }) => blocked).map(({ vcpu }) => vcpu);
  if (out.json) return out.fields({ dom: view.dom, abi: view.abi, polling, ports });
  console.log(`Event channel information for domain ${view.dom}:`);
  console.log(`Polling vCPUs: {${polling.join(',')}}`);
  console.log('    port [p/m/s]');
  for (const port of ports) console.log(portLine(port, view, vcpus[port.vcpu]));
}

/** ECS_*, Xen's own states. */
const ECS: Readonly<Record<PortView['state'], number>> = {
  closed: 0,
  reserved: 1,
  unbound: 2,
  interdomain: 3,
  pirq: 4,
  virq: 5,
  ipi: 6,
  unknown: -1,
};

function portLine(view: PortView, domain: DomainView, vcpu: VcpuView | undefined): string {
  const { port, state, pending, masked, xenConsumer } = view;
  const bits = `${Number(pending)}/${Number(masked)}/${abiState(view, domain, vcpu)}`;
  const owner = `s=${ECS[state]} n=${view.vcpu} x=${Number(xenConsumer)}`;
  return `    ${String(port).padStart(4)} [${bits}]: ${owner}${far(view)}`;
}

/** 2-level: the selector bit of the port's word. FIFO: whether it is busy, and its link. */
function abiState({ port, fifo }: PortView, domain: DomainView, vcpu?: VcpuView): string {
  if (domain.abi === '2l') {
    const word = BigInt(Math.floor(port / domain.wordBits));
    return String(((vcpu?.pendingSel ?? 0n) >> word) & 1n);
  }
  if (fifo?.word === undefined) return '?     ';
  return `${fifo.busy ? 'B' : ' '} ${fifo.linked ? String(fifo.link).padEnd(4) : '-   '}`;
}

/** Of a PIRQ, Xen prints the host's interrupt as well (i=): no view of the service has it. */
function far({ state, remoteDom, remotePort, pirq, virq }: PortView): string {
  if (state === 'unbound') return ` d=${remoteDom}`;
  if (state === 'interdomain') return ` d=${remoteDom} p=${remotePort}`;
  if (state === 'pirq') return ` p=${pirq}`;
  return state === 'virq' ? ` v=${virq}` : '';
}
