import { setImmediate as nextTurn } from 'node:timers/promises';

import {
  VARIANT_NAMES,
  expectedOutcome,
  outcomeName,
  outcomeText,
  runScenario,
  storyText,
} from '../../core/index.ts';
import type { Choice, Outcome, Scenario } from '../../core/index.ts';
import type { GuestVariant, Knob } from '../../proto/gen/evtchnd/v1/guest.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/scenario_service.ts';
import type { RpcContext } from './context.ts';
import { readLibrary } from './scenario-library.ts';
import { choiceOf, requireBootable, scenarioOf } from './scenario-request.ts';
import { unary } from './unary.ts';
import type { CallInfo } from './unary.ts';

/** `evtchnd.v1.ScenarioService` */
export function scenarioService(context: RpcContext): proto.ScenarioServiceServer {
  const library = readLibrary();
  return {
    listScenarios: unary(context, () => ({ scenarios: library.map(scenarioMessage) })),
    runScenario: unary(context, (request) => play(scenarioOf(library, request), choiceOf(request))),
    runMatrix: unary(context, async (_request, call) => ({
      cells: await playAll(library, call),
    })),
  };
}

function play(scenario: Scenario, choice: Choice): proto.RunScenarioResponse {
  requireBootable(scenario, choice);
  const result = runScenario(scenario, choice);
  return {
    name: scenario.name,
    title: scenario.title,
    text: scenario.text,
    story: storyText(result),
    outcome: outcomeMessage(result.outcome),
    step: result.step,
    expected: outcomeMessage(result.expected),
    asExpected: result.asExpected,
  };
}

/** One cell a turn: each takes milliseconds, and others wait. For a call that is gone, none. */
async function playAll(
  library: readonly Scenario[],
  call: CallInfo,
): Promise<proto.ScenarioCell[]> {
  let cancelled = false;
  call.onCancelled(() => (cancelled = true));
  const cells: proto.ScenarioCell[] = [];
  for (const scenario of library) {
    for (const choice of choicesFor(scenario)) {
      if (cancelled) return cells;
      cells.push(playCell(scenario, choice));
      await nextTurn();
    }
  }
  return cells;
}

function playCell(scenario: Scenario, choice: Choice): proto.ScenarioCell {
  const { outcome, expected, asExpected } = runScenario(scenario, choice);
  return {
    scenario: scenario.name,
    ...choiceMessage(choice),
    outcome: outcomeMessage(outcome),
    expected: outcomeMessage(expected),
    asExpected,
  };
}

/** Every variant, and whatever knobs the file turns. */
const choicesFor = ({ turned }: Scenario): Choice[] => [
  ...VARIANT_NAMES.map((variant) => ({ variant, set: {} })),
  ...turned.map(({ variant, set }) => ({ variant, set })),
];

const scenarioMessage = (scenario: Scenario): proto.Scenario => ({
  name: scenario.name,
  title: scenario.title,
  text: scenario.text,
  steps: scenario.steps.length,
  expectations: choicesFor(scenario).map((choice) => ({
    ...choiceMessage(choice),
    outcome: outcomeMessage(expectedOutcome(scenario, choice)),
  })),
});

const choiceMessage = ({ variant, set }: Choice): { variant: GuestVariant; knobs: Knob[] } => ({
  variant: (VARIANT_NAMES.indexOf(variant) + 1) as GuestVariant,
  knobs: Object.entries(set).map(([name, value]) => ({ name, value: String(value) })),
});

const outcomeMessage = (outcome: Outcome): proto.ScenarioOutcome => ({
  name: outcomeName(outcome),
  text: outcomeText(outcome),
  detailsJson: JSON.stringify(outcome),
});
