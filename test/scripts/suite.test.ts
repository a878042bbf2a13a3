import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import config from '../../vitest.config.ts';
import { byTurn, guessedMs } from '../support/suite/longest-first.ts';
import { fastTestFiles, inProcessTestFiles, long, slowReachOf, testFiles } from '../support/suite/reach.ts';
import { slowestFiles } from '../support/suite/slowest-files.ts';

describe('the fast tests', () => {
  const fast = fastTestFiles();

  it('are most of what tests a pure idea, tiny networks among them', () => {
    expect(fast.length).toBeGreaterThan(80);
    expect(fast).toEqual(
      expect.arrayContaining([
        'test/graph/goldens.test.ts',
        'test/pipeline/guidance.test.ts',
        'test/scripts/suite.test.ts',
      ]),
    );
  });

  it.each([
    ['test/e2e/crash.test.ts', 'node:child_process'],
    ['test/server/submit.test.ts', 'node:worker_threads'],
    ['test/fetch/fetcher.test.ts', 'node:http'],
    ['test/device/goldens.test.ts', 'test/support/diorama.ts'],
    ['test/runtime/thread-session.test.ts', 'src/runtime/thread-session.ts'],
    ['test/conditions/network-conditions.test.ts', 'test/support/annotators.ts'],
  ])('are not %s, which reaches %s', (file, reached) => {
    expect(slowReachOf(file)).toContain(reached);
    expect(fast).not.toContain(file);
  });

  it('are without those that are long by themselves, each of which is there', () => {
    expect(fast.filter((file) => long.has(file))).toEqual([]);
    expect([...long].filter((file) => slowReachOf(file).length > 0 || !testFiles().includes(file))).toEqual([]);
  });

  it('need none of what is built', () => {
    const built = /(?:\.\.\/|new URL\(['"])dist\b/;
    expect(testFiles().filter((file) => built.test(readFileSync(file, 'utf8'))).length).toBeGreaterThan(0);
    expect(fast.filter((file) => built.test(readFileSync(file, 'utf8')))).toEqual([]);
  });
});

describe('the whole suite', () => {
  it('runs the fast tests and the long ones in workers that they share, as do those in one process, and each of the others in one of its own', () => {
    const projects = config.test?.projects ?? [];
    const fast = [...fastTestFiles(), ...long];
    const inProcess = inProcessTestFiles();
    expect(inProcess).toEqual(expect.arrayContaining(['test/server/submit.test.ts', 'test/records/embedded.test.ts']));
    expect(inProcess.filter((file) => fast.includes(file))).toEqual([]);
    expect(projects).toMatchObject([
      { test: { include: fast, isolate: false } },
      { test: { include: inProcess, isolate: false } },
      { test: { include: ['test/**/*.test.ts'], exclude: [...fast, ...inProcess] } },
    ]);
  });

  it('has no hooks in modules that files share: they would be those of the first file alone', () => {
    const modules = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((name) =>
      /(?<!\.test)\.ts$/.test(name),
    );
    const hooks = /^(?:before|after)(?:All|Each)\(/m;
    const having = modules.filter((name) => hooks.test(readFileSync(`test/${name}`, 'utf8')));
    expect(having.map((name) => name.replaceAll('\\', '/'))).toEqual(['support/suite/each-file.ts']);
  });
});

describe('the order of a run', () => {
  it('has the files first that share a worker, together, then the longest', () => {
    const files = [
      { file: 'short', ms: 10, alone: true, project: 'slow' },
      { file: 'fast', ms: 20, alone: false, project: 'fast' },
      { file: 'server', ms: 400, alone: false, project: 'in-process' },
      { file: 'long', ms: 500, alone: true, project: 'slow' },
      { file: 'faster', ms: 5, alone: false, project: 'fast' },
    ];
    expect(files.toSorted(byTurn).map(({ file }) => file)).toEqual(['fast', 'faster', 'server', 'long', 'short']);
  });

  it('has the files first that start the most, where no times are known', () => {
    const files = [
      'test/faults/faults.test.ts',
      'test/e2e/crash.test.ts',
      'test/weights/lora/golden.test.ts',
      'test/server/jobs.test.ts',
      'test/json/outline.test.ts',
    ];
    expect(files.map(guessedMs)).toEqual([200_000, 30_000, 15_000, 5_000, 500]);
  });
});

describe('the end of a run', () => {
  it('names the slowest files with their seconds, the slowest first', () => {
    const times = Array.from({ length: 20 }, (_, index) => ({ file: `test/${index}.test.ts`, ms: index * 1000 }));
    const lines = slowestFiles(times).trim().split('\n');
    expect(lines[0]).toBe('Slowest 15 of 20 files, 95 % of the time of all:');
    expect(lines).toHaveLength(16);
    expect(lines[1]).toMatch(/^ +19\.0 s  test\/19\.test\.ts$/);
    expect(lines[15]).toMatch(/^ +5\.0 s  test\/5\.test\.ts$/);
  });
});

describe('what CI runs on a newer Node', () => {
  const ci = readFileSync(new URL('../../.ci/run', import.meta.url), 'utf8');
  const paths = /^newer_tests=\((.+)\)$/m.exec(ci)?.[1]?.split(' ') ?? [];

  it.each(paths)('%s is there', (path) => {
    expect(testFiles().filter((file) => file.startsWith(path))).not.toEqual([]);
  });

  it('has all that drives the embedded database itself', () => {
    const chosen = testFiles().filter((file) => paths.some((path) => file.startsWith(path)));
    const embedded = testFiles().filter((file) => /^test\/records\/.*embedded/.test(file));
    expect(embedded.filter((file) => !chosen.includes(file))).toEqual([]);
  });
});
