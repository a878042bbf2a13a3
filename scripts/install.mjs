import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './progress.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

const signals = ['SIGINT', 'SIGTERM'];

/** One line and exit code 1. */
export function fail(message) {
  console.error(`armature: ${message}`);
  process.exit(1);
}

/** Ends with one line where Node is older than package.json asks for. */
export function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  fail(`Node.js 20.19 or later is needed, but this is ${process.versions.node}.`);
}

/** Runs `npm ci` where node_modules is absent or holds other versions than package-lock.json says. */
export async function installIfStale() {
  if (isInstalled()) return;
  const installing = step('Installing the npm packages (npm ci)');
  // --include=dev: the compiler is among them, whatever NODE_ENV says. npm's own progress would wipe out this line.
  const status = await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--no-progress', '--loglevel=error']);
  installing.done();
  if (status !== 0) fail('npm ci failed: see above. Without node_modules nothing can start.');
}

/** Runs a script of node_modules with this Node, in the package's folder; returns the exit status. */
export function node(args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** As {@link node}, while this process goes on; resolves with the exit status. */
export async function spawned(args) {
  return await ended(spawn(process.execPath, args, { cwd: root, stdio: 'inherit' }));
}

/** Runs the npm that started this script, or the one in PATH. Ends with it, at once, when told to. */
async function npm(args) {
  const child = startNpm(args);
  // npm heeds a signal only when all of its downloads have ended. What is left half done is installed anew the next time.
  const stop = (signal) => {
    child.kill('SIGKILL');
    for (const name of signals) process.off(name, stop);
    process.kill(process.pid, signal);
  };
  for (const name of signals) process.on(name, stop);
  const status = await ended(child);
  for (const name of signals) process.off(name, stop);
  return status;
}

function startNpm(args) {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /\.c?js$/.test(cli))
    return spawn(process.execPath, [cli, ...args], { cwd: root, stdio: 'inherit' });
  // npm is a .cmd on Windows, which only a shell can start.
  return spawn('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
}

async function ended(child) {
  return await new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`\narmature: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (status) => resolve(status ?? 1));
  });
}

// npm keeps a second lock file in node_modules of what it has put there. Optional packages are for other platforms.
function isInstalled() {
  try {
    const wanted = readPackages('package-lock.json');
    const present = readPackages(join('node_modules', '.package-lock.json'));
    return Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional === true || present[path]?.version === version,
    );
  } catch {
    return false;
  }
}

function readPackages(file) {
  return JSON.parse(readFileSync(join(root, file), 'utf8')).packages;
}
