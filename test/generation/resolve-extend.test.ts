import { describe, expect, it } from 'vitest';
import { parametersText } from '../../src/drawing/parameters-text.ts';
import { catalogOf } from '../../src/generation/catalog.ts';
import { generationView } from '../../src/generation/kinds/generation/effective.ts';
import { generationKind } from '../../src/generation/kinds/generation/kind.ts';
import { storedGeneration } from '../../src/generation/kinds/generation/stored-plan.ts';
import { noModels } from '../../src/generation/models/model-list.ts';
import { parseGeneration } from '../../src/generation/parse.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { resolveGeneration } from '../../src/generation/resolve.ts';
import { photoModel } from '../support/photo-model.ts';

const image = { upload_id: 'upl_1' };
const editor = { ...photoModel, id: 'editor', task: 'editing' } as const;

function resolve(body: object, width = 500, height = 333): GenerationPlan {
  const request = parseGeneration({ prompt: 'a', seed: 3, ...body });
  const picture = { stored: { key: 'k', sha256: 's' }, width, height, structure: null, map: null };
  return resolveGeneration(request, {
    catalog: catalogOf({ ...noModels, bases: [photoModel, editor] }),
    defaultModel: 'photo',
    given: [],
    init: request.init_image === undefined ? null : picture,
    mask: request.mask_image === undefined ? null : { ...picture, stored: { key: 'm', sha256: 'm' }, facts: null },
    randomSeed: () => 77,
    embedParameters: true,
  }).plan;
}

describe('a picture that is drawn on', () => {
  it('keeps its own size, and all of it is drawn, rounded up', () => {
    const plan = resolve({ init_image: image, extend: { left: 10, bottom: 20 } });
    expect(plan).toMatchObject({ width: 512, height: 360 });
    expect(plan.init).toEqual({
      image: { key: 'k', sha256: 's' },
      resize: 'crop',
      strength: 1,
      mask: {
        extend: { left: 10, top: 0, right: 0, bottom: 20, over: { width: 500, height: 333 } },
        mode: 'hard',
        channel: 'luminance',
        blur: 4,
        area: 'whole',
        padding: 0,
        fill: 'blur',
        source: { width: 510, height: 353 },
      },
    });
    expect(generationKind.outputSize(plan)).toEqual({ width: 510, height: 353 });
    expect(generationKind.sources(plan)).toEqual([{ key: 'k', sha256: 's' }]);
    expect(storedGeneration.read(storedGeneration.write(plan))).toEqual(plan);
    expect(parametersText(plan, 1)).toContain('Mask blur: 4, Extend: left 10 bottom 20');
    expect(generationView(plan, () => null)).toMatchObject({
      mask_image: null,
      mask_channel: null,
      mask_blur: 4,
      extend: { left: 10, top: 0, over: { width: 500, height: 333 } },
    });
  });

  it('is brought to a size first where one is said, or where it is larger than what the model draws', () => {
    const over = (body: object, ...size: readonly [number, number] | []) =>
      resolve({ init_image: image, extend: { top: 8 }, ...body }, ...size).init!.mask!.extend!.over;
    expect(over({ width: 256, height: 128 })).toEqual({ width: 256, height: 128 });
    expect(over({ width: 256 }, 640, 480)).toEqual({ width: 256, height: 192 });
    const { width, height } = photoModel.defaults;
    expect(over({}, width * 2, height * 2)).toEqual({ width, height });
    // Where only the part around what is new is drawn, the picture stays as it is.
    const part = { inpaint: { area: 'masked' }, width: 256, height: 256 };
    expect(over(part, width * 2, height * 2)).toEqual({ width: width * 2, height: height * 2 });
    expect(resolve({ init_image: image, extend: { top: 8 }, ...part })).toMatchObject({ width: 256, height: 256 });
  });

  it('takes what else is said of a mask', () => {
    const said = { strength: 0.8, mask_blur: 9, mask_mode: 'soft', inpaint: { fill: 'latent_noise' } };
    const { init } = resolve({ init_image: image, extend: { top: 8 }, ...said });
    expect(init).toMatchObject({ strength: 0.8, mask: { blur: 9, mode: 'soft', fill: 'latent_noise' } });
    const masked = resolve({ init_image: image, mask_image: image, extend: { top: 8 }, mask_channel: 'alpha' });
    expect(masked.init?.mask).toMatchObject({ image: { key: 'm' }, channel: 'alpha', extend: { top: 8 } });
    expect(generationKind.sources(masked)).toHaveLength(2);
  });
});

it.each([
  ['webp', 16_384, /sides of at most 16383 pixels .*output\.format "webp".* ask for png/],
  ['jpeg', 65_501, /sides of at most 65500 pixels/],
] as const)('a part of a picture is refused as %s where that has no such side', (format, width, message) => {
  const part = { init_image: image, inpaint: { area: 'masked' }, output: { format } };
  expect(() => resolve({ ...part, mask_image: image }, width, 8)).toThrow(
    expect.objectContaining({ code: 'invalid_request', field: 'init_image', message: expect.stringMatching(message) }),
  );
  expect(() => resolve({ ...part, extend: { right: 8 } }, width - 8, 8)).toThrow(message);
  expect(() => resolve({ ...part, mask_image: image }, width - 1, 8)).not.toThrow();
  expect(() => resolve({ ...part, mask_image: image, output: { format: 'png' } }, width, 8)).not.toThrow();
});

describe('what is not drawn on', () => {
  const extend = { right: 64 };
  it.each([
    [{ extend }, 'extend', /Expected init_image with extend/],
    [{ init_image: image, extend: {} }, 'extend', /at least one side/],
    [{ init_image: image, extend: { right: 2049 } }, 'extend.right', /2048/],
    [{ init_image: image, extend: { right: 1900 } }, 'extend', /sides of 64 to 2048 .*right 1539 would fit/],
    [{ init_image: image, width: 2048, height: 1024, extend }, 'extend', /Say width and height/],
    [{ init_image: image, extend, tiling: 'x' }, 'extend', /no extend with tiling/],
    [{ init_image: image, extend, hires: {} }, 'hires', /no mask_image and no extend with hires/],
    [{ init_image: image, extend, mask_channel: 'alpha' }, 'mask_channel', /Expected mask_image/],
    [{ init_image: image, extend, model: 'editor' }, 'extend', /changes a picture by words and takes no extend/],
  ] as const)('%j', (body, field, message) => {
    let error: unknown;
    try {
      resolve(body);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ field, message: expect.stringMatching(message) });
  });
});
