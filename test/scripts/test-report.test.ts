import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'armature-report-'));
afterAll(async () => await rm(folder, { recursive: true, force: true }));

beforeAll(async () => {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
});

/** Runs a suite of its own as .ci/run does: once, its failures again, the summary. Files are names and bodies. */
async function suite(name: string, files: Readonly<Record<string, string>>) {
  const suiteRoot = join(folder, name);
  await mkdir(suiteRoot);
  for (const [file, body] of Object.entries(files)) {
    const head = `import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
/** Whether this is asked for the first time, in both runs together. */
const first = (what) => { const mark = '${suiteRoot}/' + what; const is = !existsSync(mark); writeFileSync(mark, ''); return is; };
`;
    await writeFile(join(suiteRoot, file), head + body);
  }
  const report = join(suiteRoot, 'report.json');
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const reporting = ['--reporter=./scripts/test-report.mjs', `--outputFile=${report}`];
  const run = command([vitest, 'run', `--root=${suiteRoot}`, ...reporting]);
  const again = run.status === 0 ? run : command(['scripts/test-again.mjs', report, `--root=${suiteRoot}`]);
  const summary = command(['scripts/test-summary.mjs', report]);
  return { again, summary, lines: summary.stdout.trim().split('\n'), report, suiteRoot };
}

function command(args: readonly string[]) {
  // Colours and the settings of the vitest around this one would be in the way.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:VITEST|FORCE_COLOR)/.test(name)));
  return spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env: { ...env, NO_COLOR: '1' } });
}

const passes = `it('passes', () => {});`;

test('what fails once and passes alone is unsteady: named with its reason, and passed', async () => {
  const { again, summary, lines, suiteRoot } = await suite('unsteady', {
    'races.test.mjs': `describe('a race', () => { it('is lost once', () => { expect(first('race')).toBe(false); }); });`,
    'hook.test.mjs': `beforeAll(() => { if (first('hook')) throw new Error('the server is not there yet'); }); ${passes}`,
    'import.test.mjs': `if (first('import')) throw new Error('no port is free'); ${passes}`,
    'steady.test.mjs': `it.skip('is left out', () => {}); it('runs once', () => { expect(first('steady')).toBe(true); });`,
  });
  expect(again.status).toBe(0);
  expect(summary.status).toBe(0);
  expect(lines).toContain('UNSTEADY races.test.mjs: a race > is lost once');
  expect(lines).toContain('  AssertionError: expected true to be false // Object.is equality');
  expect(lines).toContain('UNSTEADY hook.test.mjs');
  expect(lines).toContain('  Error: the server is not there yet');
  expect(lines).toContain('UNSTEADY import.test.mjs');
  expect(lines.slice(-3)).toEqual(['1 skipped', '3 unsteady', '4 passed, 0 failed']);
  expect(existsSync(join(suiteRoot, 'steady'))).toBe(true);
});

test('what fails twice has failed, and so has what fails only then or does not run then', async () => {
  const { again, summary, lines } = await suite('broken', {
    'broken.test.mjs': `it('is broken', () => { expect(1).toBe(2); });`,
    'worse.test.mjs': `const once = first('once'); it('a', () => { expect(once).toBe(false); }); it('b', () => { expect(once).toBe(true); });`,
    'skipped.test.mjs': `const once = first('skipped'); it.skipIf(!once)('c', () => { expect(1).toBe(2); });`,
    'hook.test.mjs': `afterAll(() => { throw new Error('still there'); }); ${passes}`,
  });
  expect([again.status, summary.status]).toEqual([1, 1]);
  for (const failure of ['broken.test.mjs: is broken', 'worse.test.mjs: b', 'skipped.test.mjs: c', 'hook.test.mjs'])
    expect(lines).toContain(`FAILED ${failure}`);
  expect(lines).toContain('UNSTEADY worse.test.mjs: a');
  expect(lines.slice(-2)).toEqual(['1 unsteady', '2 passed, 4 failed']);
});

test('where more than five files fail, or something outside of any test, nothing is run again', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const many = await suite(
    'many',
    Object.fromEntries(
      names.map((name) => [`${name}.test.mjs`, `it('fails once', () => { expect(first('${name}')).toBe(false); });`]),
    ),
  );
  expect([many.again.status, many.summary.status]).toEqual([1, 1]);
  expect(many.lines.at(-1)).toBe('0 passed, 6 failed');
  const outside = await suite('outside', {
    'outside.test.mjs': `it('fails once', async () => {
      void Promise.reject(new Error('nobody waits for this'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(first('outside')).toBe(false);
    });`,
  });
  expect([outside.again.status, outside.summary.status]).toEqual([1, 1]);
  expect(outside.lines).toContain('FAILED outside of any test');
  expect(outside.lines).toContain('  Error: nobody waits for this');
  expect(outside.lines.at(-1)).toBe('0 passed, 2 failed');
});

test('a run without a report, or in which nothing passed, has failed', async () => {
  const missing = join(folder, 'missing.json');
  expect(command(['scripts/test-again.mjs', missing]).status).toBe(1);
  const summary = command(['scripts/test-summary.mjs', missing]);
  expect(summary.status).toBe(1);
  expect(summary.stdout).toMatch(/vitest left no report: .+\n0 passed, 1 failed\n$/);
  const empty = join(folder, 'empty.json');
  await writeFile(empty, JSON.stringify({ node: '20.19.0', files: [], errors: [] }));
  expect(command(['scripts/test-summary.mjs', empty]).status).toBe(1);
});

test('what fails on another Node is named with it, and its tests are counted once', async () => {
  const reports = { '20.19.0': [], '24.1.0': [{ test: 'b', why: 'Error: other' }] };
  const files = Object.entries(reports).map(async ([node, failed]) => {
    const file = join(folder, `node-${node}.json`);
    await writeFile(
      file,
      JSON.stringify({ node, errors: [], files: [{ file: 'x.test.ts', passed: ['a'], skipped: 0, failed }] }),
    );
    return file;
  });
  const { status, stdout } = command(['scripts/test-summary.mjs', ...(await Promise.all(files))]);
  expect(status).toBe(1);
  expect(stdout).toBe(
    'FAILED x.test.ts: b (Node 24.1.0)\n  Error: other\n1 passed on Node 24.1.0 too\n1 passed, 1 failed\n',
  );
});
