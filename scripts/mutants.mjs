// npm run mutants [WORD ...]: changes one line that matters at a time, in a copy, and says which changes no test notices. The list is
// test/mutants/mutants.json; words choose those whose file or kind holds one of them.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fail, installIfStale, requireNode, root } from './install.mjs';

/** What the tests of the list need of the project; all else is linked. */
const copied = ['src', 'test', 'scripts', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'vitest.config.ts'];
const linked = [
  'node_modules',
  'models',
  'examples',
  'docs',
  'deploy',
  'README.md',
  'package-lock.json',
  'bench',
  'LICENSE',
];

requireNode();
await installIfStale();
const words = process.argv.slice(2);
const mutants = JSON.parse(readFileSync(join(root, 'test', 'mutants', 'mutants.json'), 'utf8')).filter(
  ({ of, file }) => words.length === 0 || words.some((word) => `${of} ${file}`.includes(word)),
);
if (mutants.length === 0) fail('no mutant is meant by that.');
const copy = mkdtempSync(join(tmpdir(), 'armature-mutants-'));
/** The script that runs now, a child that leads a process group. */
let running;
process.on('exit', () => {
  if (running) endGroup(running);
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
for (const name of linked) if (existsSync(join(root, name))) symlinkSync(join(root, name), join(copy, name));

const startedAt = performance.now();
const runs = [...new Map(mutants.map((mutant) => [keyOf(mutant), mutant])).values()];
/** How long each of these tests takes when nothing is wrong, in ms. */
const usual = new Map();
for (const mutant of runs) {
  const began = performance.now();
  if ((await tried(mutant)) !== 'passed') fail(`${mutant.tests.join(' ')} fails without a mutant: mend that first.`);
  usual.set(keyOf(mutant), performance.now() - began);
}
const survivors = [];
for (const [index, mutant] of mutants.entries()) {
  const verdict = await verdictOn(mutant);
  if (verdict === 'survives') survivors.push(mutant);
  console.log(
    `${index + 1}/${mutants.length} ${verdict.padEnd(8)} ${mutant.of}: ${mutant.file}: ${firstLine(mutant.put)}`,
  );
}
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`${mutants.length} mutants, ${survivors.length} survive, ${minutes} minutes`);
process.exitCode = survivors.length === 0 ? 0 : 1;

/** `killed`, `hangs` (which its tests notice too) or `survives`; a mutant that is none, since it does not compile or its text is not there, ends the run. */
async function verdictOn(mutant) {
  const { file, find, put } = mutant;
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  const parts = original.split(find);
  if (parts.length !== 2) fail(`${file} holds ${parts.length - 1} times: ${firstLine(find)}`);
  writeFileSync(path, parts.join(put));
  try {
    if ((await run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'])).status !== 0)
      fail(`${file} does not compile with: ${firstLine(put)}`);
    const bundling = "import('./scripts/build.mjs').then(({ completeBuild }) => completeBuild())";
    if ((await run(['--eval', bundling])).status !== 0) fail(`${file} is not bundled with: ${firstLine(put)}`);
    if ((await run(['dist/cli.js', 'serve', '--help'])).status !== 0) fail(`nothing starts with: ${firstLine(put)}`);
    return { passed: 'survives', failed: 'killed', late: 'hangs' }[await tried(mutant)];
  } finally {
    writeFileSync(path, original);
  }
}

/** `passed`, `failed`, or `late`: still running after three times what these tests take when nothing is wrong, and 10 s. */
async function tried(mutant) {
  const { tests, named } = mutant;
  const only = named === undefined ? [] : ['-t', named];
  const patience = 3 * (usual.get(keyOf(mutant)) ?? Infinity) + 10_000;
  const args = ['node_modules/vitest/vitest.mjs', 'run', '--bail=1', ...tests, ...only];
  const { status, stdout, late } = await run(args, patience);
  if (late) return 'late';
  // Names that match no test leave all out, and that passes.
  return status === 0 && /Tests .*\d+ passed/.test(stdout) ? 'passed' : 'failed';
}

/** Runs a script of Node to its end, or to that of `patience` in ms: then it ends with all that it started. */
async function run(args, patience = Infinity) {
  const child = spawn(process.execPath, args, {
    cwd: copy,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  running = child;
  let late = false;
  const timer = Number.isFinite(patience)
    ? setTimeout(() => {
        late = true;
        endGroup(child);
      }, patience)
    : undefined;
  const ended = new Promise((resolve) => child.once('close', resolve));
  const stdout = await text(child.stdout);
  const status = await ended;
  clearTimeout(timer);
  running = undefined;
  return { status, stdout, late };
}

/** Ends a child that leads its process group, and all that it started. */
function endGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It ended by itself in the meantime.
    if (error.code !== 'ESRCH') throw error;
  }
}

function keyOf({ tests, named }) {
  return JSON.stringify([tests, named]);
}

function firstLine(text) {
  return text.split('\n', 1)[0].trim();
}
