import { describe, expect, it } from 'vitest';
import type { JobResult } from '../../src/generation/job.ts';
import type { ExtractionPlan } from '../../src/generation/kinds/extraction/plan.ts';
import { storedCheckpoint, storedProgress, storedResult } from '../../src/generation/stored-job.ts';
import { storedPlan } from '../../src/generation/kinds/kinds.ts';
import { isOfNewerRelease, storedForm, type StoredJson } from '../../src/generation/stored-json.ts';

const plan: ExtractionPlan = {
  kind: 'extraction',
  condition: 'canny',
  image: { key: 'tenants/default/uploads/a', sha256: '00' },
  options: {},
  resolution: null,
  strict: false,
  output: { format: 'png', quality: 90 },
};
const timings = { wait: 1, prepare: 2, draw: 3, store: 4 };
const result: JobResult = { outputs: [], maps: [], warnings: [], timings, meanBatch: null };

/** What a database gives back, as it gives it back. */
function kept<Name extends string>(value: object): StoredJson<Name> {
  return JSON.parse(JSON.stringify(value)) as StoredJson<Name>;
}

const forms = [
  { name: 'plan', form: storedPlan, value: plan, version: 1 },
  { name: 'result', form: storedResult, value: result, version: 1 },
  { name: 'progress', form: storedProgress, value: { step: 1, steps: 4, share: 0.25 }, version: 1 },
  { name: 'checkpoint', form: storedCheckpoint, value: { attempt: 2, step: 7 }, version: 1 },
].map(({ name, form, value, version }) => ({
  name,
  value,
  newest: version,
  write: (given: object) => kept(form.write(given as never)),
  read: (stored: object) => form.read(stored as never),
}));

describe('the stored JSON of a job', () => {
  it.each(forms)('a $name says its version, and is read without it', ({ value, newest, write, read }) => {
    expect(write(value)).toEqual({ ...value, version: newest });
    expect(read(write(value))).toStrictEqual(value);
  });

  it.each(forms)('a $name of before there were versions is read as it is', ({ value, read }) => {
    expect(read(value)).toStrictEqual(value);
  });

  it.each(forms)('a $name of a version that only a newer release knows is refused', ({ name, value, newest, read }) => {
    const version = newest + 1;
    expect(() => read({ ...value, version })).toThrow(
      expect.objectContaining({
        code: 'newer_release',
        message: `A newer release wrote this ${name}: it has version ${version}, and this release reads versions up to ${newest}. Run the newer release.`,
      }),
    );
  });

  it('progress of before there were shares has that of its steps', () => {
    expect(storedProgress.read(kept({ step: 5, steps: 20 }))).toEqual({ step: 5, steps: 20, share: 0.25 });
  });

  it('an older version is brought up to the present one', () => {
    const form = storedForm<'note', { readonly text: string }>('note', {
      version: 3,
      upgrade: (note, version) => ({ text: `${note.text}, of version ${version}` }),
    });
    expect(form.read(kept({ text: 'old', version: 2 }))).toEqual({ text: 'old, of version 2' });
    expect(form.read(kept({ text: 'oldest' }))).toEqual({ text: 'oldest, of version 0' });
  });

  it('tells a newer release from other faults', () => {
    expect(isOfNewerRelease(new Error('no'))).toBe(false);
  });
});
