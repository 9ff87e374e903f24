// Runs one of our scripts, or a tool of node_modules, under Node 24, after installing what is
// missing:
//
//   node scripts/run.mjs server/main.ts --help
//   node scripts/run.mjs vitest --run
//
// It must itself run on Node 20, and import nothing but Node.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const NODE_24 = join(ROOT, 'scripts', 'node24');

/** Runs `target`, a file of the repository or a tool's name, and exits as it does. */
export function run(target, args) {
  const node = findNode();
  const env = { ...process.env, PATH: dirname(node) + delimiter + process.env.PATH };
  installIfStale(ROOT, 'the packages', env);

  // Node 24 calls node:sqlite, and before 24.12 type stripping, experimental at every start.
  const flags = ['--disable-warning=ExperimentalWarning'];
  const child = spawn(node, [...flags, locate(target), ...args], { env, stdio: 'inherit' });
  forwardSignals(child);
  child.on('exit', exitAs);
}

/** This Node, or where it is too old, the Node 24 that npm brings. */
function findNode() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath;

  installIfStale(NODE_24, 'Node 24', process.env);
  const { platform, arch } = process;
  const node = join(NODE_24, 'node_modules', `node-${platform}-${arch}`, 'bin', 'node');
  if (existsSync(node)) return node;
  return stop(`evtchnd needs Node 24, and npm has none for ${platform}-${arch}: please install it`);
}

/** Runs `npm ci` in `dir` unless its node_modules is as new as its lock file. */
function installIfStale(dir, what, env) {
  const installed = join(dir, 'node_modules', '.package-lock.json');
  if (modifiedAt(installed) >= modifiedAt(join(dir, 'package-lock.json'))) return;

  // On stderr, as stdout belongs to the program that runs afterwards.
  console.error(`Installing ${what} (npm ci), once …`);
  const { status } = spawnSync('npm', ['ci', '--loglevel=error', '--prefix', dir], {
    cwd: dir,
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) stop(`npm ci failed in ${dir}`);
}

function modifiedAt(file) {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function locate(target) {
  if (/\.m?[jt]s$/.test(target)) return join(ROOT, target);

  const bin = join(ROOT, 'node_modules', '.bin', target);
  return existsSync(bin) ? realpathSync(bin) : stop(`${target} is not installed: run npm ci`);
}

function forwardSignals(child) {
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  // A terminal sends Ctrl-C to the child too, which must not take it for a second one.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
}

function exitAs(code, signal) {
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function stop(message) {
  console.error(message);
  process.exit(1);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [target, ...args] = process.argv.slice(2);
  run(target, args);
}
