import { Option } from 'commander';
import type { Command } from 'commander';

import { XEN_VERSIONS } from '../../typescript/index.ts';
import type { DomainConfig, MachineView, XenVersion } from '../../typescript/index.ts';
import { uint32 } from '../arguments.ts';
import { action } from '../context.ts';
import type { Columns } from '../output/output.ts';

interface CreateOptions {
  readonly xen?: XenVersion;
  readonly seed?: number;
  readonly guests: number;
  readonly vcpus: number;
  readonly checkInvariants?: boolean;
  readonly resetSlicePorts?: number;
}

const COLUMNS: Columns<MachineView> = {
  head: ['MACHINE', 'XEN', 'DOMAINS', 'OPS', 'NOW (ns)', 'STATE'],
  row: ({ name, xen, doms, opCount, nowNs, retired }) => [
    name,
    xen,
    doms.join(' '),
    opCount,
    nowNs,
    retired === undefined ? 'serves' : `retired: ${retired.message}`,
  ],
};

/** `machine create|list|show|delete|fork`. */
export function addMachineCommands(machine: Command): void {
  addCreate(machine);
  machine
    .command('list')
    .description('all machines')
    .action(
      action(async ({ client, out }) => {
        out.list(await client.machines(), COLUMNS);
      }),
    );
  machine
    .command('show [name]')
    .description('one machine (default: --machine)')
    .action(
      action(async ({ client, machine: chosen, out }, name: string | undefined) => {
        out.fields(await client.machine(name ?? chosen.name).view());
      }),
    );
  machine
    .command('delete <name>')
    .description('end a machine')
    .action(
      action(async ({ client, out }, name: string) => {
        await client.machine(name).delete();
        out.done(`${name} is deleted`);
      }),
    );
  machine
    .command('fork <name>')
    .description('make a new machine that is now as --machine is')
    .action(
      action(async ({ machine: chosen, out }, name: string) => {
        const fork = await chosen.fork(name);
        out.one({ machine: fork.name }, `${fork.name} is a fork of ${chosen.name}`);
      }),
    );
}

function addCreate(machine: Command): void {
  machine
    .command('create <name>')
    .description('make a machine with dom0 and guests')
    .addOption(new Option('--xen <version>', 'the release it behaves as').choices(XEN_VERSIONS))
    .option('--seed <number>', 'seeds every choice by chance', uint32)
    .option('--guests <count>', 'guests beside dom0, from domid 1', uint32, 2)
    .option('--vcpus <count>', 'vCPUs of each domain', uint32, 1)
    .option('--check-invariants', 'check the state after every op: slow')
    .option('--reset-slice-ports <count>', 'preempt EVTCHNOP_reset after as many ports', uint32)
    .addHelpText('after', '\nExample:\n  evtchnctl machine create lab --xen 4.17 --guests 3')
    .action(
      action(async ({ client, out }, name: string, options: CreateOptions) => {
        const { guests, vcpus, ...config } = options;
        const domains = Array.from({ length: guests + 1 }, (_, dom) => domainConfig(dom, vcpus));
        const created = await client.createMachine({ name, domains, ...config });
        out.one(await created.view(), `${name} is there, with domains 0 to ${guests}`);
      }),
    );
}

const domainConfig = (dom: number, vcpus: number): DomainConfig => ({
  dom,
  vcpus,
  privileged: dom === 0,
});
