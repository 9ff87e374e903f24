import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { PROCESS_TIMEOUT_MS, runCtl } from '../support/ctl.ts';

vi.setConfig({ testTimeout: PROCESS_TIMEOUT_MS });

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

function writeMine(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'evtchnctl-scenario-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'mine.json');
  writeFileSync(file, text);
  return file;
}

describe('scenario', () => {
  it('lists what there is', async () => {
    const [text, json] = await Promise.all([
      runCtl('scenario', 'list'),
      runCtl('scenario', 'list', '--json'),
    ]);

    expect(text).toMatchObject({ status: 0, stderr: '' });
    expect(text.stdout).toMatch(/^NAME +TITLE\nS1 +One source more than Xen has vectors\n/);
    expect(json.stdout.trim().split('\n')).toHaveLength(26);
  });

  it('tells a story, and ends with status 0 where the fault is the expected one', async () => {
    const { status, stdout, stderr } = await runCtl(
      ...['scenario', 'run', 'S4', '--variant', 'landed-2023'],
    );

    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^S4: A port is closed, handed out again/);
    expect(stdout).toContain('! invariant closed_by_owner: port 1 was closed under the source');
    expect(stdout).toMatch(/\npanic: EVTCHNOP_close failed\n {2}at step 6: unbind\(hB\).*\n/);
    expect(stdout).toMatch(/\nas expected\n$/);
  });

  it('turns knobs, and knows what that does', async () => {
    const known = await runCtl('scenario', 'run', 's13', '--set', 'disableHookGuard=false');
    const unknown = await runCtl(
      ...['scenario', 'run', 'S13', '--variant', 'fixed-2024', '--set', 'disableHookGuard=false'],
    );

    expect([known.status, unknown.status]).toEqual([0, 1]);
    expect(unknown.stdout).toContain('NOT as expected, which is: ok');
  });

  it('plays a file of your own, and ends with status 1 where it comes otherwise', async () => {
    const file = writeMine(JSON.stringify(MINE));
    const [good, bad] = await Promise.all([
      runCtl('scenario', 'run', '--file', file, '--variant', 'old-2021', '--json'),
      runCtl('scenario', 'run', '--file', file),
    ]);

    expect(good.status).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({
      scenario: 'mine',
      outcome: 'ok',
      asExpected: true,
      story: [{ step: 1, left: 'h = alloc_and_bind_local_port(dom 2, ithread)' }, { step: 2 }],
    });
    expect([bad.status, bad.stderr]).toEqual([1, '']);
    expect(bad.stdout).toContain('NOT as expected, which is: panic: no');
  });

  it('tells line and reason of a bad file', async () => {
    const file = writeMine(JSON.stringify(MINE, undefined, 2).replace('"as"', '"als"'));

    const { status, stdout, stderr } = await runCtl('scenario', 'run', '--file', file);

    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('mine.json:15: steps[0]: "as" is missing');
  });

  it('says which scenarios, variants and knobs there are', async () => {
    const [scenario, none, variant, knob, value, file] = await Promise.all([
      runCtl('scenario', 'run', 'S99'),
      runCtl('scenario', 'run'),
      runCtl('scenario', 'run', 'S1', '--variant', 'new'),
      runCtl('scenario', 'run', 'S1', '--set', 'guard=1'),
      runCtl('scenario', 'run', 'S1', '--set', 'allocGuard=lt'),
      runCtl('scenario', 'run', '--file', '/nowhere.json'),
    ]);

    expect(scenario.status).toBe(1);
    expect(scenario.stderr).toContain('there is no scenario S99: there are S1, S2, ');
    expect(none.stderr).toContain('which one?');
    expect(variant).toMatchObject({ status: 2, stdout: '' });
    expect(variant.stderr).toContain('old-2021, landed-2023, fixed-2024, review-ideal');
    expect(knob).toMatchObject({ status: 2 });
    expect(knob.stderr).toContain('There is no knob guard: sentinel, allocGuard, ');
    expect(value).toMatchObject({ status: 2 });
    expect(value.stderr).toContain('allocGuard is gt or ge.');
    expect(file.status).toBe(1);
    expect(file.stderr).toContain('/nowhere.json');
  });

  it('plays the matrix, which is as expected', async () => {
    const [text, json] = await Promise.all([
      runCtl('scenario', 'matrix'),
      runCtl('scenario', 'matrix', '--json'),
    ]);

    expect([text.status, text.stderr, json.status]).toEqual([0, '', 0]);
    expect(text.stdout).toMatch(
      /^SCENARIO +old-2021 +landed-2023 +fixed-2024 +review-ideal +TITLE\n/,
    );
    expect(text.stdout).toMatch(/\nS13 +ok +page_fault +ok +ok +The first unbind/);
    expect(text.stdout).toMatch(/\n129 cells, 0 not as expected\n$/);
    const cells = json.stdout.trim().split('\n');
    expect(cells).toHaveLength(129);
    expect(JSON.parse(cells[0]!)).toMatchObject({ scenario: 'S1', variant: 'old-2021' });
  });
});
