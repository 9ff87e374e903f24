import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { KNOB_NAMES, parseScenario } from '../../../core/index.ts';
import { EXPECTATIONS, VERBS } from '../../../core/scenario/verbs.ts';
import { library, play } from './support.ts';

const read = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

const scenarios = read('docs/scenarios.md');
const review = read('docs/review.md');

/** Every name in backticks, lists of them taken apart. */
const namedIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name!));

describe('docs/scenarios.md', () => {
  it('has an example that plays as it says', () => {
    const [, example] = /```json\n(.*?)```/s.exec(scenarios)!;

    for (const variant of ['old-2021', 'landed-2023', 'fixed-2024', 'review-ideal'] as const) {
      expect(play(parseScenario(example!, 'scenarios.md'), variant).asExpected).toBe(true);
    }
  });

  it('names every action, question and access that there is', () => {
    const names = namedIn(scenarios);
    const source = readdirSync(new URL('../../../core/guest', import.meta.url))
      .map((file) => read(`core/guest/${file}`))
      .join('\n');
    const accesses = [...source.matchAll(/yield '([^']+)'/g)].map(([, access]) => access!);

    for (const name of [...Object.keys(VERBS), ...Object.keys(EXPECTATIONS)]) {
      expect(names, 'action or question').toContain(name);
    }
    expect(accesses.length).toBeGreaterThan(20);
    for (const access of accesses) {
      const [, hypercall] = /^hypercall (\w+)$/.exec(access) ?? [];
      if (hypercall === undefined) expect(names, 'access').toContain(access);
      else expect(scenarios).toContain(hypercall);
    }
  });

  it('lists the library, and the review refers to it', () => {
    for (const { name } of library) {
      expect(scenarios).toMatch(new RegExp(`\\b${name}\\b`));
      expect(review).toMatch(new RegExp(`\\b${name}\\b`));
    }
  });
});

describe('docs/review.md', () => {
  it('names no scenario that is not there, and every knob', () => {
    const there = new Set(library.map(({ name }) => name));
    const named = [...review.matchAll(/\bS\d+b?\b/g)].map(([name]) => name);

    expect(named.filter((name) => !there.has(name))).toEqual([]);
    for (const knob of KNOB_NAMES.filter((name: string) => name !== 'abi')) {
      expect(review).toContain(knob);
    }
  });
});
