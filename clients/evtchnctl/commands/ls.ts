import type { Command } from 'commander';

import { domid } from '../arguments.ts';
import { action } from '../context.ts';
import { stringify } from '../output/output.ts';
import { lsLine } from './ls-line.ts';

/** `ls [DOM]`: the ports of a domain, as lsevtchn shows them. */
export function addLs(program: Command): void {
  program
    .command('ls')
    .description("a domain's ports, as Xen's lsevtchn shows them")
    .argument('[dom]', 'domid', domid, 0)
    .addHelpText('after', '\nExample:\n  evtchnctl ls 1')
    .action(
      action(async ({ machine, out }, dom: number) => {
        for await (const port of machine.domain(dom).ports()) {
          console.log(out.json ? stringify(port) : lsLine(port));
        }
      }),
    );
}
