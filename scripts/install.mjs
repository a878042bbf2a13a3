import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './progress.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

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
  // --include=dev: the compiler is among them, whatever NODE_ENV says.
  const status = await npm(['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
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

/** Runs the npm that started this script, or the one in PATH. */
async function npm(args) {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /\.c?js$/.test(cli)) return await spawned([cli, ...args]);
  // npm is a .cmd on Windows, which only a shell can start.
  const shell = process.platform === 'win32';
  return await ended(spawn('npm', args, { cwd: root, stdio: 'inherit', shell }));
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
