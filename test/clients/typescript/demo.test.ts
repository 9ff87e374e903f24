import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PROCESS_TIMEOUT_MS } from '../support/ctl.ts';

const DEMO = fileURLToPath(new URL('../../../scripts/demo.ts', import.meta.url));

describe('npm run demo', () => {
  it(
    'walks a split driver through every suspend, and ends with status 0',
    async () => {
      const flags = ['--disable-warning=ExperimentalWarning', DEMO];
      const child = spawn(process.execPath, flags, { env: { ...process.env, NO_COLOR: '1' } });
      let story = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => (story += text));
      const status = await new Promise((resolve) => child.on('close', resolve));

      expect(story).toMatch(/uncooperative: domain 3.*\n[^]*real: domain 4, xenstore's port 4/);
      expect(story).toContain('nothing was lost');
      expect(status).toBe(0);
    },
    PROCESS_TIMEOUT_MS,
  );
});
