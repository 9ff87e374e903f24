import { readFileSync } from 'node:fs';
import { Command } from 'commander';

import { addDomainCommands } from './commands/domain.ts';
import { addDomainList } from './commands/domain-list.ts';
import { addDebugKey } from './commands/debug-key.ts';
import { addHypercalls } from './commands/hypercalls.ts';
import { addLs } from './commands/ls.ts';
import { addMachineCommands } from './commands/machine.ts';
import { addMachineState } from './commands/machine-state.ts';
import { addPage } from './commands/page.ts';
import { addPortCalls } from './commands/port-calls.ts';
import { addReplay } from './commands/replay.ts';
import { addScenario } from './commands/scenario.ts';
import { addTrace } from './commands/trace.ts';
import { addWatch } from './commands/watch.ts';
import { addGlobalOptions } from './context.ts';

const EXAMPLES = `
Examples:
  evtchnctl ls 1                                 ports of domain 1
  evtchnctl alloc-unbound --dom 1 2              domain 1 offers a port to domain 2
  evtchnctl bind-interdomain --dom 2 1 1         domain 2 binds port 1 of domain 1
  evtchnctl send --dom 2 1                       … and sends on its own port 1
  evtchnctl watch                                what happens, as it happens
  evtchnctl replay test/conformance/traces       recordings of real Xen, op by op
  evtchnctl scenario run S4                      a story of a guest's interrupt layer

Exit status: 0 it went well, 1 it did not, 2 the command line is wrong.`;

/** The whole command line. */
export function createProgram(): Command {
  const program = addGlobalOptions(new Command('evtchnctl'))
    .description('Talks to evtchnd: machines, domains, event channels, traces.')
    .version(readVersion())
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help says more)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
    .exitOverride();

  program.commandsGroup('Look:');
  addLs(program);
  addDebugKey(program);
  addPage(program);
  addWatch(program);

  program.commandsGroup('Machines and domains:');
  const machine = program.command('machine').description('virtual Xen hosts');
  addMachineCommands(machine);
  addMachineState(machine);
  const domain = program.command('domain').description('what toolstack and hardware do');
  addDomainList(domain);
  addDomainCommands(domain);

  program.commandsGroup('Hypercalls, made by domain --dom:');
  addPortCalls(program);
  addHypercalls(program);

  program.commandsGroup('Traces:');
  addTrace(program);
  addReplay(program);

  program.commandsGroup('Guests:');
  addScenario(program);
  return program;
}

function readVersion(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
