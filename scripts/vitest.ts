import { parseCLI, startVitest, type Vitest } from 'vitest/node';

export interface Tally {
  passed: number;
  failed: number;
}

/** Runs the tests once, as `vitest run` with `args` would, and counts them. */
export async function runTests(args: string[]): Promise<Tally> {
  const { filter, options } = parseCLI(['vitest', 'run', ...args]);
  const vitest = await startVitest('test', filter, options);
  const tally = count(vitest);
  await vitest.close();
  return tally;
}

/** A file that does not load, and an error outside of every test, count as one failure each. */
function count(vitest: Vitest): Tally {
  const tally = { passed: 0, failed: vitest.state.getUnhandledErrors().length };
  for (const file of vitest.state.getTestModules()) {
    tally.failed += file.errors().length;
    for (const test of file.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') tally.passed += 1;
      if (state === 'failed') tally.failed += 1;
    }
  }
  return tally;
}

/** Prints the closing line. A run without any test has failed too. */
export function close({ passed, failed }: Tally): void {
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0 || passed === 0) process.exitCode = 1;
}
