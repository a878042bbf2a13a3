import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fail, node, root } from './install.mjs';

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const stamp = join(root, 'dist', '.sources');

/** Compiles src to dist, and copies the web pages, where a source has changed since the last time. */
export function buildIfStale() {
  const now = sourcesHash();
  if (lastHash() === now) return;
  console.log('Building ...');
  // From scratch: what the compiler remembers of an interrupted build can be wrong.
  for (const file of [stamp, join(root, 'dist', '.tsbuildinfo')]) rmSync(file, { force: true });
  if (compile('tsconfig.build.json') !== 0) fail('the build failed: see above.');
  cpSync(join(root, 'src', 'web'), join(root, 'dist', 'web'), { recursive: true });
  writeFileSync(stamp, now);
}

/** Runs the compiler on a project file of the package's folder; returns the exit status. */
export function compile(project) {
  return node([compiler, '-p', join(root, project)]);
}

function lastHash() {
  try {
    return readFileSync(stamp, 'utf8');
  } catch {
    return null;
  }
}

function sourcesHash() {
  const hash = createHash('sha256');
  const names = readdirSync(join(root, 'src'), { recursive: true })
    .filter((name) => /\.(ts|js|json|html|css|svg)$/.test(name))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => join('src', name));
  for (const name of ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...names]) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  }
  return hash.digest('hex');
}
