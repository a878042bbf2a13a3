import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { bundle } from './bundle.mjs';
import { fail, root, spawned } from './install.mjs';
import { step } from './progress.mjs';

const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const stamp = join(root, 'dist', '.sources');

/** As {@link build}, where a source has changed since the last time. */
export async function buildIfStale() {
  if (lastHash() !== sourcesHash()) await build();
}

/** Compiles src to dist, bundles the programs, copies pages and fonts, and lets the command be run as it is. */
export async function build() {
  const building = step('Building');
  // What is written meanwhile is in the next one.
  const sources = sourcesHash();
  // From scratch: what the compiler remembers of an interrupted build can be wrong.
  for (const file of [stamp, join(root, 'dist', '.tsbuildinfo')]) rmSync(file, { force: true });
  if ((await compile('tsconfig.build.json')) !== 0) fail('the build failed: see above.');
  await completeBuild(sources);
  building.done();
}

/** What the compiler leaves to be done in dist; `sources` is the hash of what it compiled. */
export async function completeBuild(sources = sourcesHash()) {
  await bundle();
  copyAndStamp(sources);
}

/** As {@link completeBuild}, where the programs are bundled already. */
export function copyAndStamp(sources = sourcesHash()) {
  for (const folder of [['web'], ['images', 'fonts']])
    cpSync(join(root, 'src', ...folder), join(root, 'dist', ...folder), { recursive: true, filter: isSource });
  removeOrphans();
  // npx sets the bit when it links the command, which is once: a file that was made anew lacks it.
  chmodSync(join(root, 'dist', 'cli.js'), 0o755);
  writeFileSync(stamp, sources);
}

/** What was made of sources that are no more would be found by tests, and packed. What is bundled is made anew each time. */
function removeOrphans() {
  const entries = readdirSync(join(root, 'dist'), { recursive: true, withFileTypes: true });
  for (const file of entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))) {
    const made = join(file.parentPath, file.name);
    if (file.parentPath === join(root, 'dist', 'chunks')) continue;
    const source = join(root, 'src', relative(join(root, 'dist'), made));
    if (![source, source.replace(/\.js(\.map)?$/, '.ts')].some((path) => existsSync(path))) rmSync(made);
  }
}

/** Runs the compiler on a project file of the package's folder; resolves with the exit status. */
export async function compile(project) {
  return await spawned([compiler, '-p', join(root, project)]);
}

/** Editors leave hidden files beside what is open in them, links that lead nowhere among them. */
function isSource(path) {
  return !basename(path).startsWith('.');
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
    .filter((name) => isSource(name) && /\.(ts|js|json|html|css|svg|ttf)$/.test(name))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => join('src', name));
  const makers = [
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
    'scripts/build.mjs',
    'scripts/bundle.mjs',
  ];
  for (const name of [...makers, ...names]) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, name)))
      .update('\0');
  }
  return hash.digest('hex');
}
