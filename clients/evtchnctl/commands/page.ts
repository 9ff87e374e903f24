import type { Command } from 'commander';

import type { Page } from '../../typescript/index.ts';
import { domid, page } from '../arguments.ts';
import { action } from '../context.ts';
import { hexDump } from '../output/hex-dump.ts';
import { save } from './machine-state.ts';

/** `page DOM [PAGE]`: a page of a domain's memory. */
export function addPage(program: Command): void {
  program
    .command('page')
    .description("a page of a domain's memory, as hexdump -C shows it")
    .argument('<dom>', 'domid', domid)
    .argument('[page]', 'a gfn, or shared_info', page, 'shared_info')
    .option('--raw', 'the 4096 bytes themselves')
    .addHelpText('after', '\nExamples:\n  evtchnctl page 1\n  evtchnctl page 1 0x10 --raw | xxd')
    .action(
      action(async ({ machine, out }, dom: number, which: Page, { raw }: { raw?: boolean }) => {
        const bytes = await machine.domain(dom).memory.read(which);
        if (raw === true) return save(bytes);
        const name = typeof which === 'bigint' ? Number(which) : which;
        out.one({ dom, page: name, hex: Buffer.from(bytes).toString('hex') }, hexDump(bytes));
      }),
    );
}
