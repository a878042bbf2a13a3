import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { pictureOf as drawnPicture } from '../support/draw-by-service.ts';
import { maxAbsDifference, smallModelPath } from '../support/golden.ts';
import { makeFixedFolder, makeGuidedFolder } from '../support/guided-model.ts';
import { inlinePicture, type Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';

const width = 32;
const size = { width: 64, height: 64 };
const photo = inlinePicture(readFileSync(smallModelPath('pipelines', 'photo.png')));
const few = { prompt: 'a cat', seed: 1, steps: 4, scheduler: 'lcm' };
let small: SmallServices;
let models: string;
let service: Service;

beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  ({ models } = small);
  makeGuidedFolder(join(models, 'guided'), width);
  makeFixedFolder(join(models, 'at-8'), width, 8);
  makeFixedFolder(join(models, 'at-3'), width, 3);
  await cp(smallModelPath('models', 'sd15-tiny'), join(models, 'plain'), { recursive: true });
  service = await small.start();
});
afterAll(async () => await small.remove());

async function draw(fields: object, by = service): Promise<JobView> {
  return (await by.draw({ ...size, ...fields })) as unknown as JobView;
}

async function difference(one: JobView, other: JobView): Promise<number> {
  const [a, b] = [await drawnPicture(service, one), await drawnPicture(service, other)];
  return maxAbsDifference(a.data, b.data);
}

describe('a model that takes guidance_scale as an input', () => {
  it('draws by it, with one evaluation a step, ControlNets and a second pass too', async () => {
    const controls = [{ type: 'canny', model: 'plain-a', image: photo }];
    for (const more of [{}, { controls }, { hires: { scale: 2, upscaler: 'latent_bilinear' } }]) {
      const asked = { ...few, ...more, model: 'guided', guidance_scale: 8 };
      const [drawn, fixed] = [await draw(asked), await draw({ ...few, ...more, model: 'at-8', guidance_scale: 1 })];
      expect(await difference(drawn, fixed), JSON.stringify(more)).toBeLessThanOrEqual(1);
      expect(await difference(drawn, await draw({ ...asked, guidance_scale: 3 }))).toBeGreaterThan(1);
    }
  });

  it('says that a negative prompt does nothing, and composes no prompts', async () => {
    const plain = await draw({ ...few, model: 'guided', guidance_scale: 8 });
    const other = await draw({
      ...few,
      model: 'guided',
      guidance_scale: 8,
      negative_prompt: 'rain',
      guidance_rescale: 0.5,
    });
    expect(await difference(other, plain)).toBe(0);
    const because =
      'has no effect with the model guided, which takes guidance_scale as an input and knows no negative prompt.';
    expect(other.warnings).toEqual(
      expect.arrayContaining([`negative_prompt ${because}`, `guidance_rescale ${because}`]),
    );
    const answer = await service.fetch('/v1/generations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...few, ...size, model: 'guided', prompt: 'a cat AND a dog' }),
    });
    expect(await answer.json()).toMatchObject({
      code: 'invalid_request',
      field: 'prompt',
      detail: expect.stringMatching(/model guided takes guidance_scale as an input and one prompt/),
    });
  });

  it('shares steps between requests of any guidance, each of which draws what it draws alone', async () => {
    const requests = [8, 3, 1].map((scale, index) => ({
      ...few,
      model: 'guided',
      guidance_scale: scale,
      seed: index,
      steps: 30,
    }));
    const alone: JobView[] = [];
    for (const one of requests) alone.push(await draw(one));
    const together = await Promise.all(requests.map(async (one) => await draw(one)));
    for (const [index, job] of together.entries()) expect(await difference(job, alone[index]!)).toBeLessThanOrEqual(1);
    expect(Math.max(...together.map((job) => job.mean_batch ?? 0))).toBeGreaterThan(1);
  });

  it('is drawn as an LCM where the request leaves that open, with a word on many steps', async () => {
    const open = await draw({ model: 'guided', prompt: 'a cat', seed: 1 });
    expect(open.effective).toMatchObject({ steps: 4, guidance_scale: 8.5, scheduler: 'lcm', schedule: null });
    expect(open.warnings).toEqual([]);
    const many = await draw({ model: 'guided', prompt: 'a cat', seed: 1, steps: 30 });
    expect(many.warnings).toEqual([
      'the model guided was made for few steps (LCM: at most 8 steps): 30 steps take longer and draw no better. Left out, they are 4 and 8.5.',
    ]);
  });

  it('is listed as one', async () => {
    const list = (await (await service.fetch('/v1/models')).json()) as {
      readonly base_models: readonly { readonly id: string; readonly embeds_guidance: boolean }[];
    };
    const embeds = new Map(list.base_models.map(({ id, embeds_guidance: one }) => [id, one]));
    expect([embeds.get('guided'), embeds.get('plain')]).toEqual([true, false]);
  });
});
