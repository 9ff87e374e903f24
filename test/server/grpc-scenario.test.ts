import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { GuestVariant } from '../../proto/gen/evtchnd/v1/guest.ts';
import { ScenarioServiceService as rpc } from '../../proto/gen/evtchnd/v1/scenario_service.ts';
import type { RunScenarioRequest } from '../../proto/gen/evtchnd/v1/scenario_service.ts';
import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import { call, failure, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

const FIFO = { name: 'abi', value: 'fifo' };
const { LANDED_2023, REVIEW_IDEAL } = GuestVariant;
type Fields = Partial<RunScenarioRequest>;

const run = (fields: Fields) => call(server.client, rpc.runScenario, fields);
const named = (value: string, fields: Fields = {}) =>
  run({ scenario: { $case: 'name', value }, ...fields });
const own = (value: string, fields: Fields = {}) =>
  run({ scenario: { $case: 'scenarioJson', value }, ...fields });

const MINE = {
  format: 'evtchnd-scenario/1',
  name: 'mine',
  title: 'A port of my own',
  domains: [{ dom: 1, kernel: true }, { dom: 2 }],
  steps: [
    { do: 'alloc_and_bind_local_port', as: 'h', remoteDom: 2 },
    { expect: 'port', handle: 'h', is: 1 },
  ],
  expected: {
    'old-2021': 'ok',
    'landed-2023': 'ok',
    'fixed-2024': 'ok',
    'review-ideal': { kind: 'panic', text: 'no' },
  },
};

describe('ListScenarios', () => {
  it('has the library in order, with what each file expects', async () => {
    const { scenarios } = await call(server.client, rpc.listScenarios);

    expect(scenarios).toHaveLength(26);
    expect(scenarios.slice(0, 3).map(({ name }) => name)).toEqual(['S1', 'S2', 'S3']);
    const s13 = scenarios.find(({ name }) => name === 'S13')!;
    expect(s13.steps).toBeGreaterThan(0);
    expect(s13.expectations.map(({ variant }) => variant).slice(0, 4)).toEqual([1, 2, 3, 4]);
    expect(s13.expectations).toContainEqual({
      variant: REVIEW_IDEAL,
      knobs: [{ name: 'disableHookGuard', value: 'false' }],
      outcome: expect.objectContaining({ name: 'page_fault' }) as unknown,
    });
  });
});

describe('RunScenario', () => {
  it('tells S4 in landed-2023, which panics as expected', async () => {
    const answer = await named('S4', { variant: LANDED_2023 });

    expect(answer).toMatchObject({ name: 'S4', asExpected: true, step: 6 });
    expect(answer.title).toMatch(/^A port is closed, handed out again/);
    expect(answer.outcome).toEqual({
      name: 'panic',
      text: 'panic: EVTCHNOP_close failed',
      detailsJson: '{"kind":"panic","text":"EVTCHNOP_close failed"}',
    });
    expect(answer.expected).toEqual(answer.outcome);
    expect(answer.story).toContain('! invariant closed_by_owner: port 1 was closed');
    expect(answer.story).toMatch(/\nas expected$/);
  });

  it('turns knobs, and plays review-ideal where no variant is named', async () => {
    const knobs = [{ name: 'disableHookGuard', value: 'false' }];

    const [plain, turned] = [await named('s13'), await named('S13', { knobs })];

    expect(plain).toMatchObject({ asExpected: true, outcome: { name: 'ok', detailsJson: '"ok"' } });
    expect(turned).toMatchObject({ asExpected: true, outcome: { name: 'page_fault' } });
    expect(turned.story).toMatch(/^S13 in review-ideal disableHookGuard=false\n/);
  });

  it('plays a scenario of the client, and says where it is not as expected', async () => {
    const text = JSON.stringify(MINE);

    const [landed, ideal] = [await own(text, { variant: LANDED_2023 }), await own(text)];

    expect(landed).toMatchObject({ title: 'A port of my own', asExpected: true });
    expect(ideal).toMatchObject({
      asExpected: false,
      outcome: { name: 'ok' },
      expected: { name: 'panic', text: 'panic: no' },
    });
  });

  it.each([
    ['no JSON', '{\n"format": x', /^scenario_json:2: here is no JSON value/],
    [
      'another format',
      '{"format": "a/1"}',
      /^scenario_json:1: the scenario.format: "a\/1" is none/,
    ],
    [
      'a verb that is none',
      JSON.stringify({ ...MINE, steps: [{ do: 'fly' }] }, undefined, 2),
      /^scenario_json:\d+: steps\[0\].do: "fly" is none of /,
    ],
    [
      'too many steps',
      JSON.stringify({ ...MINE, steps: Array(501).fill(MINE.steps[1]) }),
      /^scenario_json:1: the scenario.steps: has more than 500 entries/,
    ],
    [
      'more ports than the ABI has',
      JSON.stringify({ ...MINE, domains: [{ dom: 1, kernel: true, guest: 'pv32', nr: 1025 }] }),
      /^scenario_json: domains\[0\].nr: a kernel of pv32 boots with up to 1024, not 1025/,
    ],
  ])('refuses a file with %s, and says where', async (_what, text, message) => {
    const answer = await failure(own(text));

    expect(answer).toMatchObject({ code: 3, reason: 'BAD_SCENARIO', domain: 'evtchnd' });
    expect(answer.message).toMatch(message);
  });

  it('refuses a file that is too large, before it reads it', async () => {
    const answer = await failure(own(' '.repeat(256 * 1024 + 1)));
    expect(answer).toMatchObject({ code: 8, reason: 'LIMIT' });
  });

  it('says what there is where it knows no such scenario', async () => {
    const answer = await failure(named('S99'));
    expect(answer).toMatchObject({ code: 5, reason: 'NO_SCENARIO' });
    expect(answer.message).toMatch(
      /^there is no scenario "S99": S1, S2, .*, S23b, or scenario_json/,
    );
  });

  it.each<[string, Fields, string]>([
    ['a variant', { variant: 9 as GuestVariant }, '4 (review-ideal)'],
    ['a knob', { knobs: [{ name: 'nope', value: 'x' }] }, 'sentinel, allocGuard'],
    ['a value', { knobs: [{ name: 'sentinel', value: 'x' }] }, 'zero, all-ones'],
    ['a knob twice', { knobs: [FIFO, FIFO] }, 'is there twice'],
    ['no scenario', { scenario: undefined }, 'ListScenarios'],
  ])('refuses %s that is none, and says what there is', async (_what, fields, part) => {
    const answer = await failure(named('S1', fields));
    expect(answer).toMatchObject({ code: 3, reason: 'BAD_ARGUMENT' });
    expect(answer.message).toContain(part);
  });
});

describe('RunMatrix', () => {
  it('has no cell that is not as expected, and lets others be answered meanwhile', async () => {
    let finished = false;
    const matrix = call(server.client, rpc.runMatrix).finally(() => (finished = true));
    const { status } = await call(server.client, HealthService.check, {
      service: 'evtchnd.v1.ScenarioService',
    });
    expect([status, finished]).toEqual([1, false]);

    const { cells } = await matrix;

    expect(cells.filter(({ asExpected }) => !asExpected)).toEqual([]);
    expect(cells.filter(({ knobs }) => knobs.length === 0)).toHaveLength(26 * 4);
    expect(cells.length).toBeGreaterThan(26 * 4);
    const s4 = cells.find((cell) => cell.scenario === 'S4' && cell.variant === LANDED_2023);
    expect(s4).toMatchObject({ outcome: { name: 'panic' }, expected: { name: 'panic' } });
  });
});
