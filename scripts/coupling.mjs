/**
 * How far a change of each great noun reaches: adds one required field to its type and counts the files of src/ that the compiler
 * reports then. `node scripts/coupling.mjs [commit]` measures a commit, by default the one that is checked out; `--files` lists them.
 *
 * Files that hold the rows of a registry alone are not counted: a new field of a row is meant to be filled in each.
 *
 * It works in a folder of its own, which goes with it: at the end, after a failure, and where it is stopped by a signal.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

/**
 * Each noun by the places where its type has been, the newest first: the first that a commit has is measured. Where a noun came
 * later, the last place is the type that did its work before.
 */
const nouns = [
  {
    noun: 'planned control',
    types: ['generation/planned-control.ts PlannedControl', 'generation/plan.ts PlannedControl'],
  },
  { noun: 'ControlWork', types: ['pipeline/controls/control-work.ts ControlWork', 'worker/draw-plan.ts MadeControl'] },
  { noun: 'Pass', types: ['pipeline/pass.ts Pass', 'device/protocol.ts DrawRequest'] },
  { noun: 'Sample', types: ['pipeline/sample.ts Sample'] },
  { noun: 'Row', types: ['pipeline/row.ts Row', 'pipeline/batched-step.ts BatchRow'] },
  {
    noun: "scheduler's row",
    types: [
      'schedulers/sampler-row.ts SamplerRow',
      'schedulers/registry.ts SamplerRow',
      'pipeline/schedulers/registry.ts SamplerEntry',
    ],
    rows: ['schedulers/registry.ts', 'pipeline/schedulers/registry.ts'],
  },
  {
    noun: "job kind's contract",
    types: ['generation/job-kind.ts JobKind', 'generation/plan.ts ExtractionPlan'],
    rows: ['generation/kinds/'],
  },
  {
    noun: "model kind's contract",
    types: ['models/kinds/contract/kind.ts ModelKind', 'models/kinds/kind.ts ModelKind'],
    rows: ['models/kinds/'],
  },
  { noun: 'Job', types: ['generation/job.ts Job'] },
];

const root = fileURLToPath(new URL('..', import.meta.url));
const words = process.argv.slice(2);
const commit = words.find((word) => !word.startsWith('--')) ?? 'HEAD';
const folder = mkdtempSync(join(tmpdir(), 'armature-coupling-'));
const stopped = new AbortController();
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };
for (const [name, number] of Object.entries(signals)) {
  process.once(name, () => {
    process.exitCode = 128 + number;
    stopped.abort();
  });
}

/** Runs git to its end, whatever comes meanwhile, and returns how it ended and what it said. */
function git(...words) {
  // In a group of its own: Ctrl-C is sent to all of the terminal's.
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: root, encoding: 'utf8', detached: true });
  return { status, text: stdout + stderr };
}

/** How many things the compiler has to say of each file of src/. Rejects where a signal came. */
async function reported() {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const options = ['-p', 'tsconfig.build.json', '--noEmit', '--incremental', 'false'];
  const child = spawn(process.execPath, [compiler, ...options], { cwd: folder, signal: stopped.signal });
  const [text] = await Promise.all([textOf(child.stdout), once(child, 'close')]);
  const counts = new Map();
  for (const [, file] of text.matchAll(/^src\/([^(\n]+)\(/gm)) counts.set(file, (counts.get(file) ?? 0) + 1);
  return counts;
}

/** The text of a module with one more required field in an interface; null where it has none of that name. */
function withField(text, type) {
  const head = new RegExp(`interface ${type}\\b[^{]*\\{`).exec(text);
  if (head === null) return null;
  const at = head.index + head[0].length;
  return `${text.slice(0, at)}\n  readonly coupling: 'measured';${text.slice(at)}`;
}

/** What an old commit lacks of today's packages is reported without any change: `before` is what is. */
async function measure({ types, rows = [] }, before) {
  for (const place of types) {
    const [path, type] = place.split(' ');
    const file = join(folder, 'src', path);
    const text = readOrNull(file);
    const changed = text === null ? null : withField(text, type);
    if (changed === null) continue;
    writeFileSync(file, changed);
    const files = [...(await reported())]
      .filter(([name, count]) => count > (before.get(name) ?? 0) && !rows.some((row) => name.startsWith(row)))
      .map(([name]) => name);
    writeFileSync(file, text);
    return { place, files };
  }
  return { place: null, files: [] };
}

function readOrNull(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Measures every noun, one after the other. */
async function measureAll() {
  const added = git('worktree', 'add', '--detach', '--force', folder, commit);
  if (added.status !== 0) throw new Error(`${commit} cannot be checked out: ${added.text.trim()}`);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  console.error(`coupling: ${commit} in ${folder}`);
  const before = await reported();
  for (const noun of nouns) {
    const { place, files } = await measure(noun, before);
    console.log(`${noun.noun}: ${place === null ? 'has no type yet' : `${files.length} files (${place})`}`);
    if (words.includes('--files')) for (const file of files) console.log(`  ${file}`);
  }
}

try {
  await measureAll();
} catch (error) {
  if (!stopped.signal.aborted) {
    console.error(`coupling: ${error.message}`);
    process.exitCode = 1;
  }
} finally {
  git('worktree', 'remove', '--force', folder);
  rmSync(folder, { recursive: true, force: true });
}
