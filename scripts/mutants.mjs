// npm run mutants [WORD ...]: changes one line that matters at a time, in a copy, and says which changes no test notices. The list is
// test/mutants/mutants.json; words choose those whose file or kind holds one of them.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130));
for (const name of copied) cpSync(join(root, name), join(copy, name), { recursive: true });
for (const name of linked) if (existsSync(join(root, name))) symlinkSync(join(root, name), join(copy, name));

const startedAt = performance.now();
const runs = [...new Map(mutants.map((mutant) => [JSON.stringify([mutant.tests, mutant.named]), mutant])).values()];
for (const { tests, named } of runs) {
  if (!passes(tests, named)) fail(`${tests.join(' ')} fails without a mutant: mend that first.`);
}
const survivors = [];
for (const [index, mutant] of mutants.entries()) {
  const verdict = verdictOn(mutant);
  if (verdict === 'survives') survivors.push(mutant);
  console.log(
    `${index + 1}/${mutants.length} ${verdict.padEnd(8)} ${mutant.of}: ${mutant.file}: ${firstLine(mutant.put)}`,
  );
}
const minutes = ((performance.now() - startedAt) / 60_000).toFixed(1);
console.log(`${mutants.length} mutants, ${survivors.length} survive, ${minutes} minutes`);
process.exitCode = survivors.length === 0 ? 0 : 1;

/** `killed` or `survives`; a mutant that is none, since it does not compile or its text is not there, ends the run. */
function verdictOn({ file, find, put, tests, named }) {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  const parts = original.split(find);
  if (parts.length !== 2) fail(`${file} holds ${parts.length - 1} times: ${firstLine(find)}`);
  writeFileSync(path, parts.join(put));
  try {
    if (run(['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json']).status !== 0)
      fail(`${file} does not compile with: ${firstLine(put)}`);
    if (run(['dist/cli.js', 'serve', '--help']).status !== 0) fail(`nothing starts with: ${firstLine(put)}`);
    return passes(tests, named) ? 'survives' : 'killed';
  } finally {
    writeFileSync(path, original);
  }
}

function passes(tests, named) {
  const only = named === undefined ? [] : ['-t', named];
  const { status, stdout } = run(['node_modules/vitest/vitest.mjs', 'run', '--bail=1', ...tests, ...only]);
  // Names that match no test leave all out, and that passes.
  return status === 0 && /Tests .*\d+ passed/.test(stdout);
}

function run(args) {
  return spawnSync(process.execPath, args, {
    cwd: copy,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
  });
}

function firstLine(text) {
  return text.split('\n', 1)[0].trim();
}
