import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { costOfDrawing, progressAtEnd } from '../../src/generation/cost.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import { picturesOf } from '../../src/generation/pictures.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import type { Resolved } from '../../src/generation/resolved.ts';
import { catalogOf } from '../../src/generation/catalog.ts';
import { sizeOver } from '../../src/generation/resolve-init.ts';
import { photoModel } from '../support/photo-model.ts';
import { noModels } from '../../src/generation/models/model-list.ts';

const base = photoModel;

const image = { upload_id: 'upl_1' };

function resolve(body: object, width = 640, height = 480, pending?: true): Resolved<GenerationPlan> {
  const request = parseGeneration({ prompt: 'a', seed: 3, ...body });
  const picture = { stored: { key: 'k', sha256: 's' }, width, height, structure: null, map: null };
  return resolveGeneration(request, {
    catalog: catalogOf({ ...noModels, bases: [base] }),
    defaultModel: 'photo',
    given: [],
    init: request.init_image === undefined ? null : { ...picture, ...(pending === true ? { pending } : {}) },
    randomSeed: () => 77,
    embedParameters: true,
  });
}

function refusalOf(body: object): string {
  try {
    resolve(body);
  } catch (error) {
    return String(error);
  }
  throw new Error('It was not refused.');
}

describe('a request that draws over a picture', () => {
  it('has 0.75 of its steps, which progress and cost count', () => {
    const { plan } = resolve({ init_image: image });
    expect(plan.init).toEqual({ image: { key: 'k', sha256: 's' }, resize: 'crop', strength: 0.75 });
    expect(progressAtEnd(plan)).toEqual({ step: 15, steps: 15, share: 1 });
    const all = resolve({ width: plan.width, height: plan.height }).plan;
    expect(costOfDrawing(plan)).toBe(costOfDrawing(all) * 0.75);
  });

  it('is refused with a model whose autoencoder has no encoder, before it is queued', () => {
    const vae = {
      kind: 'vae',
      id: 'whole',
      title: 'Whole',
      licence: null,
      owner: null,
      hash: 'v',
      path: '/whole',
      layout: 'diffusers',
      latentChannels: 4,
      latentScale: base.latentScale,
      scalingFactor: base.scalingFactor,
      fits: null,
    } as const;
    const picture = { stored: { key: 'k', sha256: 's' }, width: 64, height: 64, structure: null, map: null };
    const draw = (init: typeof picture | null, more: object = {}): unknown =>
      resolveGeneration(parseGeneration({ prompt: 'a', ...(init === null ? {} : { init_image: image }), ...more }), {
        catalog: catalogOf({ ...noModels, bases: [{ ...base, drawsOver: false }], vaes: [vae] }),
        defaultModel: 'photo',
        given: [],
        init,
        randomSeed: () => 77,
        embedParameters: true,
      });
    expect(() => draw(picture)).toThrow(
      expect.objectContaining({
        code: 'model_invalid',
        field: 'init_image',
        message: expect.stringContaining('no encoder') as string,
      }),
    );
    expect(() => draw(null)).not.toThrow();
    expect(() => draw(picture, { vae: 'whole' })).not.toThrow();
    // A second pass over an enlarged picture reads one too; over enlarged latents it does not.
    expect(() => draw(null, { hires: { scale: 2, upscaler: 'lanczos' } })).toThrow(
      expect.objectContaining({ code: 'model_invalid', field: 'hires.upscaler' }),
    );
    expect(() => draw(null, { hires: { scale: 2, upscaler: 'lanczos' }, vae: 'whole' })).not.toThrow();
    expect(() => draw(null, { hires: { scale: 2, upscaler: 'latent_nearest' } })).not.toThrow();
  });

  it('with lcm makes all of its steps', () => {
    const { plan } = resolve({ init_image: image, strength: 0.5, scheduler: 'lcm', steps: 4 });
    expect(progressAtEnd(plan).steps).toBe(4);
    expect(() => resolve({ init_image: image, strength: 0.06, scheduler: 'lcm', steps: 4 })).toThrow(
      /from 1 to 3 .*0\.06/,
    );
  });

  it.each([
    [{ init_image: image, strength: 0 }, 'strength', /at least 0\.05 with 20 steps/],
    [{ init_image: image, strength: 0.03, steps: 30 }, 'strength', /at least 0\.0334 with 30 steps/],
    [{ strength: 0.5 }, 'strength', /Expected init_image with strength/],
    [{ init_resize: 'fill' }, 'init_resize', /Expected init_image with init_resize/],
    [{ init_image: image, strength: 1.5 }, 'strength', /0 to 1/],
    [{ variation: { seed: 1 } }, 'variation.strength', /variation\.strength/],
  ])('%j is refused', (body, field, detail) => {
    const attempt = (): unknown => resolve(body);
    expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_request', field }));
    expect(attempt).toThrow(detail);
  });

  it('names a strength that works', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 150 }), (steps) => {
        const refusal = refusalOf({ init_image: image, strength: 0, steps });
        const least = Number(/at least ([\d.]+)/.exec(refusal)?.[1]);
        expect(progressAtEnd(resolve({ init_image: image, strength: least, steps }).plan).steps).toBe(1);
      }),
    );
  });

  it('has the size of the picture, in multiples of 8, and no more pixels than the model draws', () => {
    expect(sizeOver({}, { width: 256, height: 128 }, base)).toEqual({ width: 256, height: 128 });
    expect(sizeOver({}, { width: 100, height: 500 }, base)).toEqual({ width: 96, height: 496 });
    expect(sizeOver({}, { width: 2048, height: 1024 }, base)).toEqual({ width: 720, height: 360 });
    expect(sizeOver({ width: 320 }, { width: 640, height: 480 }, base)).toEqual({ width: 320, height: 240 });
    expect(sizeOver({ height: 96 }, { width: 640, height: 480 }, base)).toEqual({ width: 128, height: 96 });
    const side = fc.integer({ min: 1, max: 8000 });
    fc.assert(
      fc.property(side, side, (width, height) => {
        const size = sizeOver({}, { width, height }, base);
        expect([size.width % 8, size.height % 8]).toEqual([0, 0]);
        expect(Math.min(size.width, size.height)).toBeGreaterThanOrEqual(64);
        if (Math.min(size.width, size.height) > 64) {
          expect(size.width * size.height).toBeLessThanOrEqual(512 * 512);
        }
      }),
    );
  });

  it('is looked at before its picture is fetched as if it had the size of the model', () => {
    expect(resolve({ init_image: image }, 1, 1, true).plan).toMatchObject({ width: 512, height: 512 });
  });

  it.each([
    ['a second pass that is too large for that size', { hires: { scale: 4 } }, [256, 256], /draw 2048 x 2048/],
    ['a size that is too large in that shape', { width: 2048 }, [512, 128], /at most 2359296 pixels/],
    [
      'one of another shape where edges meet',
      { hires: { width: 1024, height: 512 }, tiling: true },
      [512, 256],
      /shape of the first pass/,
    ],
  ] as const)('is not refused before for %s', (_, more, [width, height], refusal) => {
    const body = { init_image: image, ...more };
    expect(() => resolve(body, 1, 1, true)).not.toThrow();
    expect(() => resolve(body, width, height)).not.toThrow();
    expect(() => resolve(body, 512, 512)).toThrow(refusal);
    // A size that the request says is no guess.
    const known = { width: 512, height: 512, ...more };
    expect(() => resolve({ ...body, ...known, height: known.width }, 1, 1, true)).toThrow(refusal);
  });
});

it('schedules of a prompt count the steps that are drawn', () => {
  const body = { prompt: '[a:b:10]', init_image: image, steps: 20 };
  expect(resolve({ ...body, strength: 0.75 }).warnings).toEqual([]);
  expect(resolve({ ...body, strength: 0.5 }).warnings).toEqual([
    'prompt: "[a:b:10]" is the same at all of the 10 steps.',
  ]);
});

describe('variations', () => {
  it('keep the seed, and count the other', () => {
    const { plan } = resolve({ count: 2, variation: { seed: 2 ** 32 - 1, strength: 0.2 } });
    expect(picturesOf(plan)).toEqual([
      { output: 0, candidate: 0, seed: 3, variation: { seed: 2 ** 32 - 1, strength: 0.2 } },
      { output: 1, candidate: 0, seed: 3, variation: { seed: 0, strength: 0.2 } },
    ]);
    expect(resolve({ variation: { strength: 0.2 } }).plan.variation).toEqual({ seed: 77, strength: 0.2 });
  });

  it('of strength 0 are the pictures of the seeds, with a warning', () => {
    const { plan, warnings } = resolve({ count: 2, variation: { seed: 9, strength: 0 } });
    expect(picturesOf(plan)).toEqual(picturesOf(resolve({ count: 2 }).plan));
    expect(warnings).toEqual([expect.stringContaining('variation has no effect')]);
  });
});

it('plans of before versions began with noise alone and a plain prompt, and are read as they are', () => {
  const { plan } = resolve({});
  expect(storedGeneration.write(plan)).toMatchObject({ version: 12 });
  const { promptSyntax: _, ...written } = plan;
  const before = { ...written, version: 1 } as unknown as ReturnType<typeof storedGeneration.write>;
  // The noise of the SDE samplers was drawn step by step.
  expect(storedGeneration.read(before)).toEqual({ ...plan, sdeNoise: 'drawn', promptSyntax: 'plain' });
  expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
});
