import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkDeps } from '../../scripts/check-deps.ts';

/** One file in every layer, none of which imports anything. */
const FILES = [
  'core/lib/bitmap.ts',
  'core/public/errno.ts',
  'core/xen/event-2l.ts',
  'core/guest/isrc.ts',
  'core/machine/machine.ts',
  'core/trace/journal.ts',
  'core/explore/explore.ts',
  'core/index.ts',
  'proto/gen/machine.ts',
  'server/main.ts',
  'clients/typescript/index.ts',
  'clients/evtchnctl/main.ts',
  'scripts/tool.ts',
  'test/core/helper.ts',
  'bench/run.ts',
  'node_modules/fastify/index.js',
  'node_modules/vitest/index.js',
];

const PACKAGE = { dependencies: { fastify: '5' }, devDependencies: { vitest: '4' } };

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'evtchnd-imports-'));
  for (const file of FILES) write(file);
  writeFileSync(join(root, 'package.json'), JSON.stringify(PACKAGE));
});

afterEach(() => rmSync(root, { recursive: true }));

const write = (file: string, ...imports: string[]): void => writeAs('type {} from', file, imports);

/** Imports of code, which run: those of types do not. */
const writeCode = (file: string, ...imports: string[]): void => writeAs('', file, imports);

function writeAs(what: string, file: string, imports: readonly string[]): void {
  const up = '../'.repeat(file.split('/').length - 1);
  const path = (name: string) => (name.includes('.ts') ? `${up}${name}` : name);
  mkdirSync(dirname(join(root, file)), { recursive: true });
  const lines = imports.map((name) => `import ${what} '${path(name)}';\n`);
  writeFileSync(join(root, file), `${lines.join('')}export {};\n`);
}

describe('the check of imports', () => {
  it.each([
    ['core/lib/bitmap.ts', 'core/public/errno.ts'],
    ['core/public/errno.ts', 'core/xen/event-2l.ts'],
    ['core/xen/event-2l.ts', 'core/guest/isrc.ts'],
    ['core/guest/isrc.ts', 'core/xen/event-2l.ts'],
    ['core/machine/machine.ts', 'core/trace/journal.ts'],
    ['core/trace/journal.ts', 'core/xen/event-2l.ts'],
    ['core/index.ts', 'core/xen/event-2l.ts'],
    ['core/xen/event-2l.ts', 'proto/gen/machine.ts'],
    ['core/xen/event-2l.ts', 'node:fs'],
    ['core/xen/event-2l.ts', 'fastify'],
    ['core/elsewhere.ts', 'core/lib/bitmap.ts'],
    ['server/main.ts', 'vitest'],
    ['server/main.ts', 'core/machine/machine.ts'],
    ['server/main.ts', 'clients/typescript/index.ts'],
    ['clients/typescript/index.ts', 'core/index.ts'],
    ['clients/evtchnctl/main.ts', 'server/main.ts'],
    ['proto/gen/machine.ts', 'core/index.ts'],
    ['scripts/tool.ts', 'test/core/helper.ts'],
    ['test/core/helper.ts', 'bench/run.ts'],
    ['server/main.ts', 'proto/gen/missing.ts'],
  ])('refuses that %s imports %s', async (from, to) => {
    write(from, to);

    const { problems } = await checkDeps(root);

    expect(problems).not.toEqual([]);
    for (const problem of problems) expect(problem).toContain(from);
  });

  it('allows the imports of the layers', async () => {
    write('core/xen/event-2l.ts', 'core/lib/bitmap.ts', 'core/public/errno.ts');
    write('core/machine/machine.ts', 'core/xen/event-2l.ts', 'core/guest/isrc.ts');
    write('core/index.ts', 'core/machine/machine.ts');
    write('server/main.ts', 'core/index.ts', 'proto/gen/machine.ts', 'node:fs', 'fastify');
    write('clients/evtchnctl/main.ts', 'clients/typescript/index.ts', 'core/index.ts');
    write('test/core/helper.ts', 'core/xen/event-2l.ts', 'vitest');

    const { dependencies, problems } = await checkDeps(root);

    expect({ dependencies, problems }).toEqual({ dependencies: 13, problems: [] });
  });

  it('lets types refer to each other', async () => {
    write('server/main.ts', 'server/config.ts');
    write('server/config.ts', 'server/main.ts');

    const { problems } = await checkDeps(root);

    expect(problems).toEqual([]);
  });

  it('refuses a circle of code', async () => {
    writeCode('server/main.ts', 'server/config.ts');
    writeCode('server/config.ts', 'server/main.ts');

    const { problems } = await checkDeps(root);

    expect(problems).toEqual([
      'server/config.ts imports server/main.ts → server/config.ts, but that closes a circle',
    ]);
  });

  it('fails on a tree without any file to check', async () => {
    rmSync(root, { recursive: true });
    mkdirSync(root);

    const { problems } = await checkDeps(root);

    expect(problems).toEqual(['core has no file to check']);
  });
});
