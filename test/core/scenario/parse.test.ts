import { describe, expect, it } from 'vitest';
import { ScenarioError, parseScenario } from '../../../core/index.ts';

const EXPECTED = `"expected": {
    "old-2021": "ok", "landed-2023": "ok", "fixed-2024": "ok", "review-ideal": "ok"
  }`;

/** A good file, whose lines a test replaces. */
const GOOD = `{
  "format": "evtchnd-scenario/1",
  "name": "mine",
  "title": "One port",
  "domains": [{ "dom": 1, "kernel": true }, { "dom": 2 }],
  "steps": [
    { "do": "alloc_and_bind_local_port", "as": "h", "remoteDom": 2 },
    { "expect": "state", "port": "port(h)", "is": "unbound" }
  ],
  ${EXPECTED}
}`;

const problem = (text: string): string => {
  try {
    parseScenario(text, 'mine.json');
  } catch (error) {
    if (error instanceof ScenarioError) return error.message;
    throw error;
  }
  return 'none';
};

const STEP = '{ "do": "alloc_and_bind_local_port", "as": "h", "remoteDom": 2 }';
const step = (text: string): string => GOOD.replace(STEP, `${STEP},\n    ${text}`);

describe('a file that is no scenario gets its line and the reason', () => {
  const CASES: readonly (readonly [string, string, string])[] = [
    ['no JSON', '{\n  "format": nothing\n}', 'mine.json:2: here is no JSON value'],
    ['cut off', '{\n  "format": "x"', 'mine.json:2: "," or "}" must be here'],
    ['a member twice', '{\n"a": 1,\n"a": 2 }', 'mine.json:3: "a" is there twice'],
    ['something after it', '{}\n}', 'mine.json:2: something follows the end'],
    ['a list', '[]', 'mine.json:1: the scenario: must be an object'],
    [
      'another format',
      GOOD.replace('scenario/1', 'scenario/9'),
      'mine.json:2: the scenario.format: "evtchnd-scenario/9" is none of evtchnd-scenario/1',
    ],
    [
      'no title',
      GOOD.replace('  "title": "One port",\n', ''),
      'mine.json:1: the scenario: "title" is missing',
    ],
    [
      'a name with a space',
      GOOD.replace('"mine"', '"my own"'),
      'mine.json:3: the scenario.name: "my own" is no name: a letter, then letters, digits, _ -',
    ],
    [
      'a member that there is not',
      GOOD.replace('"title"', '"setup": 1, "title"'),
      'mine.json:4: the scenario: there is no "setup" here, but ',
    ],
    [
      'a domain twice',
      GOOD.replace('"dom": 2', '"dom": 1'),
      'mine.json:5: domains: two are domain 1',
    ],
    ['a step that is none', step('{ "as": "x" }'), 'mine.json:8: steps[1]: a step has one of'],
    [
      'an unknown verb',
      step('{ "do": "bind" }'),
      'mine.json:8: steps[1].do: "bind" is none of bind_local_port, ',
    ],
    [
      'an argument that is missing',
      step('{ "do": "unbind" }'),
      'mine.json:8: steps[1]: "handle" is missing',
    ],
    [
      'an argument too many',
      step('{ "do": "unbind", "handle": "h", "port": 1 }'),
      'mine.json:8: steps[1]: there is no "port" here, but why, dom, do, thread, handle, ',
    ],
    [
      'a handle that nobody made',
      step('{ "do": "unbind", "handle": "hB" }'),
      'mine.json:8: steps[1].handle: no step before gives the name hB',
    ],
    [
      'a port that nobody made',
      step('{ "do": "hv.close", "port": "P" }'),
      'mine.json:8: steps[1].port: no step before gives the name P',
    ],
    [
      'a domain that is not there',
      step('{ "do": "hv.close", "dom": 7, "port": 1 }'),
      'mine.json:8: steps[1].dom: there is no domain 7 in "domains"',
    ],
    [
      'a call into no kernel',
      step('{ "do": "upcall", "dom": 2 }'),
      'mine.json:8: steps[1]: domain 2 has no kernel that upcall could call',
    ],
    [
      'a hypercall as a thread',
      step('{ "do": "hv.close", "port": 1, "thread": "T" }'),
      'mine.json:8: steps[1]: hv.close is one step: it cannot be a thread',
    ],
    [
      'a thread that nobody started',
      step('{ "run": "T1" }'),
      'mine.json:8: steps[1]: no thread T1 was started',
    ],
    [
      'an unknown errno',
      step('{ "do": "unbind", "handle": "h", "errno": "EBAD" }'),
      'mine.json:8: steps[1].errno: "EBAD" is none of ok, any, EPERM, ',
    ],
    [
      'a variant without an outcome',
      GOOD.replace('"old-2021": "ok", ', ''),
      'mine.json:10: expected: "old-2021" is missing',
    ],
    [
      'an outcome without its fields',
      GOOD.replace('"old-2021": "ok"', '"old-2021": { "kind": "panic" }'),
      'mine.json:11: expected.old-2021: "text" is missing',
    ],
    [
      'a knob with a value that it has not',
      GOOD.replace(
        EXPECTED,
        `${EXPECTED},\n  "turned": [{ "set": { "sentinel": "one" }, "outcome": "ok" }]`,
      ),
      'mine.json:13: turned[0].set.sentinel: "one" is none of zero, all-ones',
    ],
    [
      'too many steps',
      GOOD.replace(STEP, Array.from({ length: 500 }, () => STEP).join(',\n')),
      'mine.json:6: the scenario.steps: has more than 500 entries',
    ],
  ];

  it.each(CASES)('%s', (_name, text, message) => {
    expect(problem(text)).toContain(message);
  });

  it('and a good one has none', () => {
    expect(problem(GOOD)).toBe('none');
  });
});
