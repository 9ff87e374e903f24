import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import {
  KNOB_NAMES,
  KNOB_VALUES,
  VARIANT_NAMES,
  runScenario,
  storyText,
} from '../../../core/index.ts';
import type { Choice, Scenario, ScenarioResult } from '../../../core/index.ts';
import type { GlobalOptions } from '../context.ts';
import { CommandFailure } from '../failure.ts';
import { Output } from '../output/output.ts';
import { findScenario, readLibrary, readScenario } from '../scenario/library.ts';
import { matrixText, playAll } from '../scenario/matrix.ts';

interface RunOptions {
  readonly variant: Choice['variant'];
  readonly set: Choice['set'];
  readonly file?: string;
}

/** `scenario list | run | matrix`: in this process, without a service. */
export function addScenario(program: Command): void {
  const scenario = program
    .command('scenario')
    .description("stories of a guest's interrupt layer, in this process");
  scenario
    .command('list')
    .description('what there is')
    .action((_options: object, command: Command) => {
      const scenarios = readLibrary();
      outputOf(command).list(
        scenarios.map(({ name, title, text, expected }) => ({ name, title, text, expected })),
        { head: ['NAME', 'TITLE'], row: ({ name, title }) => [name, title] },
      );
    });
  addRun(scenario);
  scenario
    .command('matrix')
    .description('play all in all variants; status 1 if one is not as expected')
    .action((_options: object, command: Command) => {
      const scenarios = readLibrary();
      const results = playAll(scenarios);
      const out = outputOf(command);
      if (out.json) for (const result of results) out.one(withoutStory(result), '');
      else out.one({}, matrixText(scenarios, results));
      if (results.some(({ asExpected }) => !asExpected)) process.exitCode = 1;
    });
}

function addRun(scenario: Command): void {
  scenario
    .command('run')
    .description('tell one step by step; status 1 if it does not end as expected')
    .argument('[name]', 'S4, for example: see list')
    .addOption(
      new Option('--variant <name>', 'the version of the layer')
        .choices(VARIANT_NAMES)
        .default('review-ideal'),
    )
    .option('--set <knob=value>', 'turn one knob; may be repeated', setKnob, {})
    .option('--file <file>', 'a scenario of your own (docs/scenarios.md)')
    .addHelpText(
      'after',
      `
Examples:
  evtchnctl scenario run S4 --variant landed-2023
  evtchnctl scenario run S13 --set disableHookGuard=false
  evtchnctl scenario run --file my.json`,
    )
    .action((name: string | undefined, options: RunOptions, command: Command) => {
      const chosen = choose(name, options.file);
      const { variant, set } = options;
      const result = runScenario(chosen, { variant, set });
      const about = chosen.text === '' ? '' : `\n${chosen.text}`;
      const heading = `${chosen.name}: ${chosen.title}${about}`;
      outputOf(command).one(result, `${heading}\n\n${storyText(result)}`);
      if (!result.asExpected) process.exitCode = 1;
    });
}

function choose(name: string | undefined, file: string | undefined): Scenario {
  if (file !== undefined && name !== undefined) {
    throw new CommandFailure('give a name of the library or --file, not both');
  }
  if (file !== undefined) return readScenario(file);
  if (name !== undefined) return findScenario(name);
  throw new CommandFailure('which one? Give a name (evtchnctl scenario list), or --file');
}

/** knob=value, added to those before. */
function setKnob(text: string, set: Choice['set']): Choice['set'] {
  const [name = '', value = ''] = text.split('=', 2);
  const values = (KNOB_VALUES as Readonly<Record<string, readonly (string | boolean)[]>>)[name];
  if (values === undefined) {
    throw new InvalidArgumentError(`There is no knob ${name}: ${KNOB_NAMES.join(', ')}.`);
  }
  const found = values.find((known) => String(known) === value);
  if (found === undefined) throw new InvalidArgumentError(`${name} is ${values.join(' or ')}.`);
  return { ...set, [name]: found };
}

const outputOf = (command: Command): Output =>
  new Output(command.optsWithGlobals<GlobalOptions>().json === true);

/** What a cell of the matrix says; the story is for `run`. */
const withoutStory = ({ story, ...result }: ScenarioResult): object => ({
  ...result,
  steps: story.length,
});
