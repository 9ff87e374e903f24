import { Option } from 'commander';
import type { Command } from 'commander';

import { GUEST_KINDS } from '../../typescript/index.ts';
import type { DomainConfig, DomainView, VcpuView } from '../../typescript/index.ts';
import { domid, uint32 } from '../arguments.ts';
import { action } from '../context.ts';
import type { Columns } from '../output/output.ts';

const DOMAINS: Columns<DomainView> = {
  head: ['DOM', 'GUEST', 'ABI', 'VCPUS', 'PORTS', 'VALID', 'STATE', 'TARGET'],
  row: (domain) => [
    domain.dom,
    domain.privileged ? `${domain.guest}, privileged` : domain.guest,
    domain.abi,
    domain.vcpus,
    domain.activePorts,
    domain.validPorts,
    stateOf(domain),
    domain.target,
  ],
};

const VCPUS: Columns<VcpuView> = {
  head: ['VCPU', 'UP', 'BLOCKED', 'UPCALL', 'UPCALL MASK', 'SELECTOR', 'VIRQS (virq:port)'],
  row: (vcpu) => [
    vcpu.vcpu,
    vcpu.up,
    vcpu.blocked,
    vcpu.upcallPending,
    vcpu.upcallMask,
    `0x${vcpu.pendingSel.toString(16)}`,
    vcpu.virqs.map(({ virq, port }) => `${virq}:${port}`).join(' ') || undefined,
  ],
};

/** `domain create|list|show`. */
export function addDomainList(domain: Command): void {
  addCreate(domain);
  domain
    .command('list')
    .description('all domains, the dying ones too')
    .action(
      action(async ({ machine, out }) => {
        out.list(await machine.domains(), DOMAINS);
      }),
    );
  domain
    .command('show')
    .description('one domain with its vCPUs')
    .argument('<dom>', 'domid', domid)
    .action(
      action(async ({ machine, out }, dom: number) => {
        const chosen = machine.domain(dom);
        const vcpus: VcpuView[] = [];
        const view = await chosen.view();
        for await (const vcpu of chosen.vcpus()) vcpus.push(vcpu);
        if (out.json) return out.fields({ ...view, vcpuList: vcpus });
        out.fields(view);
        out.list(vcpus, VCPUS);
      }),
    );
}

function addCreate(domain: Command): void {
  domain
    .command('create')
    .description('XEN_DOMCTL_createdomain: it can make hypercalls at once')
    .option('--dom <domid>', 'default: the lowest that is free, from 1', domid)
    .addOption(new Option('--guest <kind>', 'what it runs as').choices(GUEST_KINDS))
    .option('--privileged', 'may act on every domain, as dom0')
    .option('--vcpus <count>', 'default: 1', uint32)
    .option('--vcpus-up <count>', 'so many run at the start; default: all', uint32)
    .option('--max-evtchn-port <port>', 'the highest port it may ever use', uint32)
    .option('--pages <count>', 'pages of guest memory; default: 160', uint32)
    .option('--paused', 'not yet unpaused')
    .action(
      action(async ({ machine, out }, config: DomainConfig) => {
        const { dom } = await machine.createDomain(config);
        out.one({ dom }, `domain ${dom}`);
      }),
    );
}

function stateOf({ dying, pauseCount }: DomainView): string {
  if (dying) return 'dying';
  return pauseCount === 0 ? 'runs' : `paused ${pauseCount}x`;
}
