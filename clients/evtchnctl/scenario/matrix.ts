import { styleText } from 'node:util';

import { VARIANT_NAMES, outcomeName, outcomeText, runScenario } from '../../../core/index.ts';
import type { Choice, Scenario, ScenarioResult } from '../../../core/index.ts';
import { table } from '../output/table.ts';

/** Every scenario in every variant, and with every knob that its file turns. */
export function playAll(scenarios: readonly Scenario[]): ScenarioResult[] {
  return scenarios.flatMap((scenario) => {
    const choices: Choice[] = VARIANT_NAMES.map((variant) => ({ variant, set: {} }));
    return [...choices, ...scenario.turned].map((choice) => runScenario(scenario, choice));
  });
}

/** Scenarios × variants, and below what single knobs do. */
export function matrixText(
  scenarios: readonly Scenario[],
  results: readonly ScenarioResult[],
): string {
  const rows = scenarios.map(({ name, title }) => {
    const own = results.filter((result) => result.scenario === name && isPlain(result));
    return [name, ...own.map(cell), title];
  });
  const turned = results.filter((result) => !isPlain(result));
  const turnedRows = turned.map((result) => [setText(result), result.scenario, cell(result)]);
  const wrong = results.filter(({ asExpected }) => !asExpected);
  return [
    table(['SCENARIO', ...VARIANT_NAMES, 'TITLE'], rows),
    '',
    table(['TURNED IN review-ideal', 'SCENARIO', 'OUTCOME'], turnedRows),
    '',
    ...wrong.map(wrongText),
    `${results.length} cells, ${wrong.length} not as expected`,
  ].join('\n');
}

const isPlain = ({ set }: Choice): boolean => Object.keys(set).length === 0;

const setText = ({ set }: Choice): string =>
  Object.entries(set)
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(' ');

function cell({ outcome, asExpected }: ScenarioResult): string {
  const name = outcomeName(outcome);
  if (!asExpected) return styleText('red', `${name} (!)`, { stream: process.stdout });
  return styleText(outcome === 'ok' ? 'green' : 'yellow', name, { stream: process.stdout });
}

function wrongText(result: ScenarioResult): string {
  const { scenario, variant, outcome, expected } = result;
  const where = [scenario, 'in', variant, setText(result)].join(' ').trim();
  return `(!) ${where}: ${outcomeText(outcome)}; expected ${outcomeText(expected)}`;
}
