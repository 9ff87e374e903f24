import { KNOB_NAMES, KNOB_VALUES, VARIANT_NAMES } from '../guest/knobs.ts';
import type { VariantName } from '../guest/knobs.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import { SCENARIO_FORMAT } from './format.ts';
import type { Scenario, ScenarioDomain, Turned } from './format.ts';
import { JsonError, parseJsonLines } from './json-lines.ts';
import type { JsonNode } from './json-lines.ts';
import type { Outcome } from './outcome.ts';
import { parseStep } from './parse-step.ts';
import { DOMAINS_MAX, Members, STEPS_MAX, ScenarioError, bad } from './reader.ts';

const TURNED_MAX = 32;
const DOMID_MAX = 100;
const VCPUS_MAX = 32;
const NR_MAX = 4096;
const PRECREATE_MAX = 64;

/** Reads a scenario file. Throws ScenarioError. `file` is only for its message. */
export function parseScenario(text: string, file: string): Scenario {
  try {
    return parseFile(new Members(parseJsonLines(text), 'the scenario'));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new ScenarioError(`${file}:${error.line}: ${error.message}`);
  }
}

function parseFile(file: Members): Scenario {
  file.choice('format', [SCENARIO_FORMAT]);
  const domains = file.list('domains', DOMAINS_MAX).map(parseDomain);
  if (domains.length === 0) bad(file.node, file.path, '"domains" names no domain');
  const twice = domains.find(({ dom }, at) => domains.findIndex((d) => d.dom === dom) !== at);
  if (twice !== undefined) bad(file.need('domains'), 'domains', `two are domain ${twice.dom}`);
  const scenario = {
    name: file.name('name'),
    title: file.text('title'),
    text: file.text('text', ''),
    domains,
    steps: parseSteps(file, domains),
    expected: parseExpected(file),
    turned: file.list('turned', TURNED_MAX).map(parseTurned),
  };
  file.noOthers();
  return scenario;
}

function parseDomain(node: JsonNode, index: number): ScenarioDomain {
  const domain = new Members(node, `domains[${index}]`);
  const parsed = {
    dom: domain.number('dom', 1, DOMID_MAX),
    guest: domain.choice('guest', GUEST_KINDS, 'hvm64'),
    vcpus: domain.number('vcpus', 1, VCPUS_MAX, 1),
    kernel: domain.flag('kernel', false),
    nr: domain.number('nr', 0, NR_MAX, 0),
    store: domain.flag('store', false),
    precreate: domain.number('precreate', 0, PRECREATE_MAX, 0),
    rereadsStore: domain.flag('rereadsStore', false),
  };
  domain.noOthers();
  return parsed;
}

function parseSteps(file: Members, domains: readonly ScenarioDomain[]): Scenario['steps'] {
  const names = {
    handles: new Set<string>(),
    ports: new Set<string>(),
    threads: new Set<string>(),
    doms: new Set([0, ...domains.map(({ dom }) => dom)]),
    kernels: new Set(domains.filter(({ kernel }) => kernel).map(({ dom }) => dom)),
  };
  return file.list('steps', STEPS_MAX).map((node, index) => {
    const members = new Members(node, `steps[${index}]`);
    const step = parseStep(members, names);
    members.noOthers();
    return step;
  });
}

function parseExpected(file: Members): Record<VariantName, Outcome> {
  const expected = new Members(file.need('expected'), 'expected');
  const outcomes = VARIANT_NAMES.map((name) => [name, parseOutcome(expected, name)] as const);
  expected.noOthers();
  return Object.fromEntries(outcomes) as Record<VariantName, Outcome>;
}

const OUTCOME_FIELDS: Readonly<Record<string, readonly string[]>> = {
  panic: ['text'],
  kassert: ['text'],
  page_fault: ['array', 'index'],
  oob_write: ['array', 'index'],
  corruption: ['what'],
  hang: ['lock'],
  lost_event: ['port'],
  stray_event: ['port', 'vcpu'],
  invariant: ['invariant', 'port'],
  expectation: ['what', 'found'],
};

function parseOutcome(from: Members, name: string): Outcome {
  const node = from.need(name);
  if (node.value === 'ok') return 'ok';
  if (typeof node.value === 'string') {
    bad(node, from.under(name), 'must be "ok", or an object: {"kind": "panic", "text": "…"}');
  }
  const outcome = new Members(node, from.under(name));
  const kind = outcome.choice('kind', Object.keys(OUTCOME_FIELDS));
  for (const field of OUTCOME_FIELDS[kind]!) outcome.need(field);
  outcome.noOthers();
  return node.value as Outcome;
}

function parseTurned(node: JsonNode, index: number): Turned {
  const turned = new Members(node, `turned[${index}]`);
  const parsed = {
    variant: turned.choice('variant', VARIANT_NAMES, 'review-ideal'),
    set: parseSettings(new Members(turned.need('set'), turned.under('set'))),
    outcome: parseOutcome(turned, 'outcome'),
  };
  turned.noOthers();
  return parsed;
}

function parseSettings(set: Members): Record<string, string | boolean> {
  for (const name of KNOB_NAMES) {
    const node = set.get(name);
    const values: readonly unknown[] = KNOB_VALUES[name];
    if (node === undefined || values.includes(node.value)) continue;
    bad(node, set.under(name), `${JSON.stringify(node.value)} is none of ${values.join(', ')}`);
  }
  set.noOthers();
  return set.node.value as Record<string, string | boolean>;
}
