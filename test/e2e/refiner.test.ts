import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { bytes, goldenArrays, maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { makeRefinerFolder } from '../support/refiner-folder.ts';
import { inlinePicture, Service } from '../support/service.ts';

const models = mkdtempSync(join(tmpdir(), 'armature-refiner-'));
let service: Service;
beforeAll(async () => {
  makeRefinerFolder(join(models, 'refiner'));
  service = await Service.start({ flags: ['--models', smallModelPath('models'), '--models', models] });
});
afterAll(async () => {
  await service.stop();
  rmSync(models, { recursive: true });
});

const photo = inlinePicture(readFileSync(smallModelPath('pipelines', 'photo.png')));
/** As the references were made. */
const request = {
  model: 'sdxl-tiny',
  prompt: 'a red cube on a wooden table',
  negative_prompt: 'blurry, low quality',
  guidance_scale: 7.5,
  seed: 42,
  width: 64,
  height: 64,
  scheduler: 'euler',
};
const over = { ...request, model: 'refiner', init_image: photo, strength: 0.5, steps: 5 };

async function expectPicture(drawn: Uint8Array, name: string): Promise<void> {
  const { data } = await decodePicture(drawn);
  const expected = bytes(goldenArrays('adapters', 'sdxl_extra', `${name}.safetensors`), 'image_u8');
  expect(maxAbsDifference(data, expected)).toBeLessThanOrEqual(1);
}

async function refusalOf(body: object): Promise<unknown> {
  const response = await service.fetch('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...request, ...body }),
  });
  expect(response.status).toBe(400);
  return await response.json();
}

describe('a refiner of SDXL', () => {
  it('is listed as one', async () => {
    const { base_models: bases } = (await (await service.fetch('/v1/models')).json()) as {
      readonly base_models: readonly { readonly id: string; readonly refines: boolean }[];
    };
    expect(bases.filter(({ refines }) => refines).map(({ id }) => id)).toEqual(['refiner']);
  });

  it('goes on with the latents of a base model to the picture that diffusers draws', async () => {
    const job = await service.draw({ ...request, steps: 8, refiner: { model: 'refiner', switch_at: 0.6 } });
    await expectPicture(await service.picture(job), 'xl_refine_latents');
    expect(job.progress).toMatchObject({ step: 8, steps: 8, share: 1 });
    expect(job).toMatchObject({
      effective: {
        run: { steps: 4, evaluations: 4 },
        refiner: {
          model: { id: 'refiner' },
          switch_at: 0.6,
          below: 400,
          passes: 'low',
          runs: { low: { steps: 4 }, high: null },
        },
        aesthetic_score: 6,
        negative_aesthetic_score: 2.5,
        target_size: [64, 64],
      },
    });
    expect(job.warnings.join()).not.toMatch(/refiner/);
  });

  it('draws over a picture by itself as diffusers does, with other scores too', async () => {
    await expectPicture(await service.picture(await service.draw(over)), 'xl_refine_image');
    const scores = { aesthetic_score: 7.5, negative_aesthetic_score: 1 };
    const told = { original_size: [768, 1024], crops_coords_top_left: [8, 24] };
    const job = await service.draw({ ...over, ...scores, ...told });
    await expectPicture(await service.picture(job), 'xl_refine_scores');
    expect(job).toMatchObject({ effective: { ...scores, target_size: null, refiner: null } });
  });

  it('draws the end of a hires pass, of the first one, or of both', async () => {
    const hires = { scale: 2, steps: 6, strength: 0.9 };
    const drawn: string[] = [];
    for (const passes of ['low', 'high', 'both', undefined]) {
      const refiner = { model: 'refiner', switch_at: 0.5, ...(passes === undefined ? {} : { passes }) };
      const job = await service.draw({ ...request, steps: 6, hires, refiner });
      expect(job.progress).toMatchObject({ step: 12, steps: 12 });
      expect(job).toMatchObject({ effective: { refiner: { passes: passes ?? 'high' } } });
      drawn.push(job.outputs[0]!.sha256);
    }
    expect(new Set(drawn.slice(0, 3)).size).toBe(3);
    expect(drawn[3]).toBe(drawn[1]);
  });

  it('leaves controls to the base model, and says so', async () => {
    const control = { type: 'canny', model: 'sdxl-tiny-a', image: photo, preprocess: false };
    const refined = { ...request, steps: 8, refiner: { model: 'refiner', switch_at: 0.6 } };
    const job = await service.draw({ ...refined, controls: [control] });
    expect(job.warnings).toContainEqual(expect.stringMatching(/until the refiner refiner takes over/));
    expect(job.outputs[0]!.sha256).not.toBe((await service.draw(refined)).outputs[0]!.sha256);
  });

  it.each([
    [{ model: 'refiner' }, 'model', /draws over a picture: send init_image.*refiner\.model.*sdxl-tiny/],
    [{ ...over, target_size: [64, 64] }, 'target_size', /a score and no target size/],
    [{ ...over, refiner: { model: 'refiner' } }, 'refiner', /is a refiner itself/],
    [{ refiner: { model: 'sd15-tiny' } }, 'refiner.model', /is no refiner of SDXL: here refiner/],
    [{ aesthetic_score: 5 }, 'aesthetic_score', /Expected a refiner with aesthetic_score/],
    [{ refiner: { model: 'refiner', passes: 'high' } }, 'refiner.passes', /Expected hires/],
    [{ refiner: { model: 'refiner', switch_at: 0 } }, 'refiner.switch_at', /sdxl-tiny would draw none of the 8/],
    [{ refiner: { model: 'refiner', switch_at: 1 } }, 'refiner.switch_at', /refiner would draw none of the 8/],
    [{ model: 'sd15-tiny', refiner: { model: 'refiner' } }, 'refiner.model', /other latents/],
    [
      { init_image: photo, mask_image: photo, refiner: { model: 'refiner' } },
      'refiner',
      /no mask_image and no extend with refiner/,
    ],
  ] as const)('refuses %j', async (body, field, text) => {
    expect(await refusalOf({ steps: 8, ...body })).toMatchObject({ field, detail: expect.stringMatching(text) });
  });
});
