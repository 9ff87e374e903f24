// `npm run check`, which is what CI runs: every check, then the tests, then one plain line that
// counts each check as one test.

import { spawnSync } from 'node:child_process';
import { close, runTests } from './vitest.ts';

const CHECKS = [
  'typecheck',
  'lint',
  'lint:format',
  'lint:deps',
  'lint:unused',
  'lint:proto',
  'lint:generated',
  'lint:breaking',
];

function passes(check: string): boolean {
  console.log(`\n── npm run ${check}`);
  const { status } = spawnSync('npm', ['run', '--silent', check], { stdio: 'inherit' });
  return status === 0;
}

const failed = CHECKS.filter((check) => !passes(check));
const tests = await runTests([]);
for (const check of failed) console.log(`failed: npm run ${check}`);
close({
  passed: tests.passed + CHECKS.length - failed.length,
  failed: tests.failed + failed.length,
});
