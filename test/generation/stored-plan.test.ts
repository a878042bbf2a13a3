import { describe, expect, test } from 'vitest';
import type { StoredJson } from '../../src/generation/stored-json.ts';
import type { GenerationVersion0 } from '../../src/generation/kinds/generation/stored-plan.ts';
import { jobKindIds, storedPlan } from '../../src/generation/kinds/kinds.ts';
import type { GenerationPlan, Plan } from '../../src/generation/plan.ts';

const picture = (name: string) => ({ key: `tenants/default/inputs/${name}`, sha256: name });

const rest = {
  type: 'openpose',
  model: { id: 'm', hash: 'h' },
  resize: 'crop',
  scale: 1,
  start: 0,
  end: 0.5,
  mode: 'balanced',
} as const;

const plan = (controls: GenerationVersion0['controls']): GenerationVersion0 => ({
  kind: 'generation',
  model: { id: 'base', hash: 'h' },
  prompt: 'x',
  negativePrompt: '',
  width: 64,
  height: 64,
  steps: 4,
  guidanceScale: 4,
  guidanceRescale: 0,
  scheduler: 'ddim',
  eta: 0,
  seed: 1,
  count: 1,
  clipSkip: 0,
  controls,
  strict: false,
  evaluate: false,
  bestOf: 1,
  output: { format: 'png', quality: 100, metadata: true },
});

/** What version 1 did not say yet: what was drawn then is drawn now. */
const today = (stored: GenerationVersion0) => ({
  ...stored,
  schedule: null,
  sChurn: 0,
  eta: null,
  run: { steps: 4, evaluations: 4 },
  sdeNoise: 'drawn',
  promptSyntax: 'plain',
});

const read = (plan: object) => storedPlan.read(plan as unknown as StoredJson<'plan'>);

describe('plans that records hold', () => {
  test('from before samplers had an eta of their own keep the noise that they had', () => {
    const half = { ...plan([]), eta: 0.5 };
    const written = { ...half, version: 1 };
    expect(read(written)).toMatchObject({ eta: 0.5, sdeNoise: 'drawn' });
    expect(read({ ...written, scheduler: 'euler_a', eta: 0 })).toMatchObject({ eta: null });
  });

  test('from before plans held their run have the steps that a strength left of them', () => {
    const over = { ...plan([]), version: 2, init: { strength: 0.5 } };
    expect(read(over)).toMatchObject({ run: { steps: 2, evaluations: 2 } });
    expect(read({ ...over, scheduler: 'lcm' })).toMatchObject({ run: { steps: 4, evaluations: 4 } });
  });

  test.each([4, 5, 6])('of version %d have no schedule of their own, and no churn', (version) => {
    const { schedule: _schedule, sChurn: _churn, ...before } = read(plan([])) as GenerationPlan;
    const written = { ...before, sdeNoise: 'path', version };
    expect(read(written)).toMatchObject({ schedule: null, sChurn: 0, sdeNoise: 'path' });
  });

  test('of this version are read as they were written', () => {
    const written = storedPlan.read(plan([]) as unknown as StoredJson<'plan'>);
    const path = { ...written, eta: 0, sdeNoise: 'path' } as Plan;
    expect(storedPlan.read(storedPlan.write(path))).toEqual(path);
  });

  /** As a release before controls had a source wrote them. */
  const flat = { ...rest, image: picture('a'), structure: null, data: null, resolution: null } as const;

  test.each([
    [
      'a photograph',
      { ...flat, preprocess: { hands: true }, resolution: 384, region: picture('r') },
      { kind: 'photo', image: picture('a'), preprocess: { hands: true }, resolution: 384 },
    ],
    [
      'a photograph with a mask beside it',
      { ...flat, preprocess: {}, imageMask: picture('m') },
      { kind: 'photo', image: picture('a'), mask: picture('m'), preprocess: {}, resolution: null },
    ],
    ['a map', { ...flat, preprocess: false }, { kind: 'map', image: picture('a'), data: null, madeWith: null }],
    [
      'a map of an earlier job',
      { ...flat, preprocess: false, imageMask: picture('m'), data: picture('d'), madeWith: { hands: true } },
      { kind: 'map', image: picture('a'), mask: picture('m'), data: picture('d'), madeWith: { hands: true } },
    ],
    [
      'structure as data',
      { ...flat, preprocess: false, structure: 'pose' },
      { kind: 'structure', structure: 'pose', json: picture('a') },
    ],
  ] as const)('from before controls had a source: %s', (_, stored, source) => {
    const expected = { ...rest, ...('region' in stored ? { region: stored.region } : {}), source };
    expect(read(plan([stored]))).toEqual(today(plan([expected])));
  });

  test('from when controls had one already stay as they are, and so do extractions', () => {
    const before = plan([{ ...rest, source: { kind: 'structure', structure: 'pose', json: picture('a') } }]);
    expect(read(before)).toEqual(today(before));
    const extraction = {
      kind: 'extraction',
      condition: 'canny',
      image: picture('a'),
      options: {},
      resolution: null,
      strict: false,
      output: { format: 'png', quality: 100 },
    } as const;
    expect(read(extraction)).toEqual(extraction);
  });

  test('of a kind that this release does not know a newer one wrote', () => {
    expect(() => read({ kind: 'constructor' })).toThrow(
      expect.objectContaining({
        code: 'newer_release',
        message:
          'A newer release wrote this plan: it is of the kind "constructor", and this release reads generation, extraction, upscale, training. Run the newer release.',
      }),
    );
  });

  test.each(jobKindIds)('have versions of their kind: %s', (kind) => {
    expect(() => read({ kind, version: 1000 })).toThrow(expect.objectContaining({ code: 'newer_release' }));
  });
});
