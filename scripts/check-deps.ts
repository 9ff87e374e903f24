// `npm run lint:deps`: every import goes in a direction that .dependency-cruiser.mjs allows.

import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cruise, type ICruiseResult, type IViolation } from 'dependency-cruiser';
import rules from '../.dependency-cruiser.mjs';

const FOLDERS = ['bench', 'clients', 'core', 'proto/gen', 'scripts', 'server', 'test'];

export interface Checked {
  modules: number;
  dependencies: number;
  problems: string[];
}

/** Checks the imports of the tree under `root`. */
export async function checkDeps(root: string): Promise<Checked> {
  const folders = FOLDERS.filter((folder) => existsSync(join(root, folder)));
  const { modules, summary } = await cruiseFolders(root, folders);
  const cruised = new Set(modules.map((module) => module.source));
  return {
    modules: summary.totalCruised,
    dependencies: summary.totalDependenciesCruised ?? 0,
    problems: [...summary.violations.map(describe), ...unseen(root, folders, cruised)],
  };
}

async function cruiseFolders(root: string, folders: string[]): Promise<ICruiseResult> {
  const { forbidden = [], options } = rules;
  const { output } = await cruise(folders, {
    ...options,
    baseDir: resolve(root),
    ruleSet: { forbidden },
    validate: true,
  });
  return output as ICruiseResult;
}

function describe({ from, to, rule, cycle }: IViolation): string {
  const path = cycle?.map(({ name }) => name).join(' → ') ?? to;
  return `${from} imports ${path}, but ${rule.name}`;
}

/**
 * What the check should have looked at and did not. Without a compiler that it knows,
 * dependency-cruiser passes over every .ts file and reports success.
 */
function unseen(root: string, folders: string[], cruised: Set<string>): string[] {
  const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root }));
  const missed = files.filter((file) => !file.includes('node_modules') && !cruised.has(file));
  const problems = missed.map((file) => `${file} was not checked`);
  if (!files.some((file) => file.startsWith('core/'))) problems.push('core has no file to check');
  return problems;
}

if (import.meta.main) {
  const { modules, dependencies, problems } = await checkDeps('.');
  for (const problem of problems) console.error(problem);
  console.log(`${modules} modules and ${dependencies} imports checked`);
  if (problems.length > 0) process.exitCode = 1;
}
