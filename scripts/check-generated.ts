// `npm run lint:generated`: proto/gen is what `npm run generate` makes of proto/ today.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function succeeds(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0;
}

const fresh = mkdtempSync(join(tmpdir(), 'evtchnd-generated-'));
const same =
  succeeds('node', 'scripts/run.mjs', 'buf', 'generate', '--output', fresh) &&
  succeeds('git', 'diff', '--no-index', '--stat', 'proto/gen', join(fresh, 'proto/gen'));
rmSync(fresh, { recursive: true });

if (!same) {
  console.error('proto/gen is not what proto/ makes: npm run generate, and commit it');
  process.exitCode = 1;
}
