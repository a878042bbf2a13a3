import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { root } from '../support/service.ts';

interface Mutant {
  readonly of: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  readonly tests: readonly string[];
}

const mutants = JSON.parse(readFileSync(new URL('mutants.json', import.meta.url), 'utf8')) as readonly Mutant[];

/** What `npm run mutants` changes; whether tests notice is for that command to say. */
describe('the mutants', () => {
  it.each(mutants)('change one place that is there: $of in $file', ({ file, find, put, tests }) => {
    expect(readFileSync(new URL(file, root), 'utf8').split(find)).toHaveLength(2);
    expect(put).not.toBe(find);
    for (const test of tests) expect(existsSync(new URL(test, root)), test).toBe(true);
  });

  it('are of every kind of line that matters', () => {
    const kinds = [
      'fence',
      'lease',
      'guard',
      'charge',
      'fsync',
      'rename',
      'authenticator',
      'fetcher',
      'records of pictures',
    ];
    for (const kind of kinds) expect(mutants.filter(({ of }) => of === kind).length, kind).toBeGreaterThanOrEqual(2);
    expect(mutants.length).toBeGreaterThanOrEqual(25);
  });
});
