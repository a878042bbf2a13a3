import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSource } from '../../architecture/source-files.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * What makes a test slow: a process or thread of its own, a server of any kind, and the networks that come with the
 * package, which are of the size that users run. Tiny networks, as those of test/golden, are quick.
 */
const slow = [
  'node:child_process',
  'node:worker_threads',
  'node:http',
  'node:https',
  'node:net',
  '@electric-sql/pglite',
  'fastify',
  'test/support/annotators.ts',
  'test/support/diorama.ts',
] as const;

/**
 * Tests of pure ideas that take over five seconds of processor time each, as they make many networks, draw many samples or parse all sources: they
 * would take more than half of the minute that the fast ones have. The whole suite has them, in workers that they share with the fast ones.
 */
export const long: ReadonlySet<string> = new Set([
  'test/architecture/ids.test.ts',
  'test/graph/eight-bits.test.ts',
  'test/graph/gradient/loras.test.ts',
  'test/graph/gradient/networks.test.ts',
  'test/graph/gradient/shared-map.test.ts',
  'test/graph/inferred-shapes.test.ts',
  'test/graph/tiling/tiling.test.ts',
  'test/pipeline/ip-adapters.test.ts',
  'test/pipeline/t2i-adapters.test.ts',
  'test/pipeline/tokenizer/tokenizer-json.test.ts',
  'test/schedulers/properties.test.ts',
  'test/weights/lora/branches.test.ts',
  'test/weights/lora/golden.test.ts',
]);

/** What starts a thread for large networks alone, of which the tests that reach it have none, but those that import it themselves. */
const seldom = new Set(['src/runtime/thread-session.ts']);

const inProcess = /^test\/(?:fetch|models|records|retention|server|store|webhooks|worker)\/(?!killed)/;

/** Paths of all test files below the repository, with slashes. */
export function testFiles(): readonly string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name.split(sep).join('/')}`)
    .toSorted((a, b) => (a < b ? -1 : 1));
}

/** Test files that `npm run test:fast` runs: those that reach, by whatever way of imports, nothing that is slow, but for the {@link long} ones. */
export function fastTestFiles(): readonly string[] {
  return testFiles().filter((file) => !long.has(file) && slowReachOf(file).length === 0);
}

/**
 * Test files of the other ones that run what they test in their own process, over a real database, servers and threads that they open and
 * close: they share workers.
 */
export function inProcessTestFiles(): readonly string[] {
  const fast = new Set(fastTestFiles());
  return testFiles().filter((file) => inProcess.test(file) && !long.has(file) && !fast.has(file));
}

/** What a test file reaches through its imports, lazy ones too, that makes it slow. */
export function slowReachOf(file: string): readonly string[] {
  const reached = reachOf(file);
  return [...slow.filter((target) => reached.has(target)), ...importsOf(file).filter((target) => seldom.has(target))];
}

/** Files and packages that a file imports and those import in turn, as they are at run time: types are not. */
function reachOf(file: string): ReadonlySet<string> {
  const reached = new Set<string>([file]);
  for (const target of reached) for (const next of importsOf(target)) reached.add(next);
  return reached;
}

const known = new Map<string, readonly string[]>();

function importsOf(file: string): readonly string[] {
  const before = known.get(file);
  if (before !== undefined) return before;
  const path = join(root, file);
  const text = file.endsWith('.ts') && !seldom.has(file) && existsSync(path) ? readFileSync(path, 'utf8') : '';
  const targets = parseSource(file, text)
    .imports.filter(({ typeOnly }) => !typeOnly)
    .map(({ target }) => target);
  known.set(file, targets);
  return targets;
}
