import type { Command } from 'commander';

import type { Port, Vcpu } from '../../typescript/index.ts';
import { domid, uint32 } from '../arguments.ts';
import { action } from '../context.ts';
import type { Context } from '../context.ts';
import type { Output } from '../output/output.ts';

interface CallerOptions {
  readonly dom: number;
  readonly vcpu: number;
}

/** A command that is a hypercall: `--dom` and `--vcpu` say who makes it. */
export const hypercall = (program: Command, name: string, text: string): Command =>
  program
    .command(name)
    .description(text)
    .requiredOption('--dom <domid>', 'the domain that makes the hypercall', domid)
    .option('--vcpu <vcpu>', 'its vCPU that makes it', uint32, 0);

/** The action of a hypercall: `body` gets the vCPU that makes it, then commander's arguments. */
export const call = (body: (vcpu: Vcpu, out: Output, ...args: never[]) => Promise<void>) =>
  action(async ({ machine, out }: Context, ...args: readonly unknown[]) => {
    const { dom, vcpu } = args.at(-1) as CallerOptions;
    await body(machine.domain(dom).vcpu(vcpu), out, ...(args as never[]));
  });

/** The answer of a call that allocates. */
export const tellPort = (out: Output, { number: port }: Port): void =>
  out.one({ port }, `port ${port}`);
