import { relative, sep } from 'node:path';
import { BaseSequencer, type TestSpecification, type Vitest } from 'vitest/node';
import { long, slowReachOf } from './reach.ts';

/**
 * The order of the files of a run. Those that share a worker come first, together: a worker ends where the next file wants one of its own.
 * Of the others what took longest the last time comes first, so that no long file is left for the
 * end, when one worker has nothing to do. Where no time is known, as in a fresh clone, what a file does tells enough.
 */
export class LongestFirst extends BaseSequencer {
  readonly #vitest: Vitest;

  constructor(vitest: Vitest) {
    super(vitest);
    this.#vitest = vitest;
  }

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // The field's own name: it gives a new list.
    // oxlint-disable-next-line unicorn/no-array-sort
    const bySize = await super.sort(files);
    const known = bySize.map((file) => ({ file, ms: this.#expectedMs(file), ...placeOf(file) }));
    return known.toSorted(byTurn).map(({ file }) => file);
  }

  #expectedMs({ project, moduleId }: TestSpecification): number {
    const file = relative(this.#vitest.config.root, moduleId).split(sep).join('/');
    return this.#vitest.cache.getFileTestResults(`${project.name}:${file}`)?.duration ?? guessedMs(file);
  }
}

interface Turn {
  readonly ms: number;
  readonly alone: boolean;
  readonly project: string;
}

function placeOf({ project }: TestSpecification): Omit<Turn, 'ms'> {
  return { alone: project.config.isolate, project: project.name };
}

/** Which of two files is run first: workers are shared within a project. */
export function byTurn(a: Turn, b: Turn): number {
  return Number(a.alone) - Number(b.alone) || a.project.localeCompare(b.project) || b.ms - a.ms;
}

/** Milliseconds that a test file may take, by what it does. */
export function guessedMs(file: string): number {
  if (file.startsWith('test/faults/')) return 200_000;
  // Whole services, browsers and command lines, in processes of their own.
  if (/^test\/(?:e2e|cli|web|retention|openapi|bench)\//.test(file)) return 30_000;
  if (long.has(file)) return 15_000;
  return slowReachOf(file).length === 0 ? 500 : 5_000;
}
