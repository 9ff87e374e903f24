import type { Command } from 'commander';

import type { Domain, Toolstack } from '../../typescript/index.ts';
import { domid, uint32, virq } from '../arguments.ts';
import { action } from '../context.ts';

/** `domain destroy|pause|unpause|set-target|set-virq-handler|map-pirq|ioreq|raise-*`. */
export function addDomainCommands(domain: Command): void {
  const act = (name: string, text: string, body: (dom: Domain, by: Toolstack) => Promise<void>) =>
    toolstack(domain, name, text).action(
      action(async ({ machine, out }, dom: number, by: Toolstack) => {
        await body(machine.domain(dom), by);
        out.done();
      }),
    );

  act('destroy', 'XEN_DOMCTL_destroydomain', (dom, by) => dom.destroy(by));
  act('pause', 'XEN_DOMCTL_pausedomain', (dom, by) => dom.pause(by));
  act('unpause', 'XEN_DOMCTL_unpausedomain', (dom, by) => dom.unpause(by));
  act('ioreq', 'XEN_DMOP_create_ioreq_server: a port of Xen for each vCPU', (dom, by) =>
    dom.createIoreqServer(by),
  );
  addRights(domain);
  addInterrupts(domain);
}

function addRights(domain: Command): void {
  toolstack(domain, 'set-target', 'XEN_DOMCTL_set_target: <dom> may act on <target>')
    .argument('<target>', 'domid', domid)
    .action(
      action(async ({ machine, out }, dom: number, target: number, by: Toolstack) => {
        await machine.domain(dom).setTarget(target, by);
        out.done();
      }),
    );
  toolstack(domain, 'set-virq-handler', 'XEN_DOMCTL_set_virq_handler: send it to <dom>')
    .argument('<virq>', 'a global VIRQ: number or name', virq)
    .action(
      action(async ({ machine, out }, dom: number, number: number, by: Toolstack) => {
        await machine.domain(dom).setVirqHandler(number, by);
        out.done();
      }),
    );
  toolstack(domain, 'map-pirq', 'PHYSDEVOP_map_pirq: the host irq becomes a pirq of <dom>')
    .argument('<irq>', '0 to 23', uint32)
    .argument('<pirq>', 'as <dom> will know it', uint32)
    .action(
      action(async ({ machine, out }, dom: number, irq: number, pirq: number, by: Toolstack) => {
        const mapped = await machine.domain(dom).mapPirq({ irq, pirq }, by);
        out.one({ pirq: mapped }, `pirq ${mapped}`);
      }),
    );
}

function addInterrupts(domain: Command): void {
  domain
    .command('raise-virq')
    .description('a VIRQ: on a vCPU of <dom>, on <dom>, or on its handler')
    .argument('<dom>', 'domid', domid)
    .argument('<virq>', 'number or name', virq)
    .argument('[vcpu]', 'for a VIRQ that is per vCPU', uint32, 0)
    .action(
      action(async ({ machine, out }, dom: number, number: number, vcpu: number) => {
        await machine.domain(dom).raiseVirq(number, vcpu);
        out.done();
      }),
    );
  domain
    .command('raise-pirq')
    .description('a physical interrupt of <dom>')
    .argument('<dom>', 'domid', domid)
    .argument('<pirq>', 'as <dom> knows it', uint32)
    .action(
      action(async ({ machine, out }, dom: number, pirq: number) => {
        await machine.domain(dom).raisePirq(pirq);
        out.done();
      }),
    );
  domain
    .command('raise-debug')
    .description("debug key 'q': VIRQ_DEBUG to every vCPU of every domain")
    .action(
      action(async ({ machine, out }) => {
        await machine.raiseDebug();
        out.done();
      }),
    );
}

/** A call of the toolstack on a domain, by the machine's owner unless --caller says whom. */
const toolstack = (domain: Command, name: string, text: string): Command =>
  domain
    .command(name)
    .description(text)
    .argument('<dom>', 'domid', domid)
    .option('--caller <domid>', "act as this domain's toolstack, with its privilege", domid);
