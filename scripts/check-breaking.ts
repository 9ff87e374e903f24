// `npm run lint:breaking`: what the contract said on main, it still says. A break that is meant
// says why in the message of its commit, on a line that starts with 'Breaking: '.

import { spawnSync } from 'node:child_process';

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync('git', args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** What HEAD is compared with: main as others have it, or where this is main, the commit before. */
function findBase(): string | undefined {
  const head = git('rev-parse', 'HEAD');
  return ['origin/main', 'main', 'HEAD~1']
    .map((ref) => git('rev-parse', '--verify', '--quiet', ref))
    .find((commit) => commit !== undefined && commit !== head);
}

function check(base: string): void {
  if (!git('ls-tree', base, 'proto/')) return console.log('no earlier contract to compare with');

  const reason = git('log', '--format=%B', `${base}..HEAD`)?.match(/^Breaking: .*$/m);
  if (reason) return console.log(`not compared with ${base}: ${reason[0]}`);

  const against = ['--against', `.git#ref=${base}`];
  const { status } = spawnSync('node', ['scripts/run.mjs', 'buf', 'breaking', ...against], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

const base = findBase();
if (base === undefined) console.log('no earlier commit to compare with');
else check(base);
