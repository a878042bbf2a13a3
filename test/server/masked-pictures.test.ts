import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExtractionPlan } from '../../src/generation/kinds/extraction/plan.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;
let mask: Buffer;
beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
  mask = await sharp({ create: { width: 32, height: 24, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
});
afterAll(async () => await application.close());

async function post(url: string, payload: object) {
  return await application.app.inject({ method: 'POST', url, payload });
}

async function postForm(url: string, parts: Parameters<typeof multipart>[0]) {
  return await application.app.inject({ method: 'POST', url, ...(await multipart(parts)) });
}

async function planOf(job: JobView): Promise<GenerationPlan | ExtractionPlan> {
  return (await application.parts.records.findJob('default', job.id))!.plan as GenerationPlan | ExtractionPlan;
}

const inline = (bytes: Buffer) => ({ data: bytes.toString('base64') });
const control = (fields: object) => ({
  prompt: 'x',
  controls: [{ model: 'diorama-canny', type: 'inpaint', ...fields }],
});

async function expectMask(job: JobView): Promise<void> {
  const plan = await planOf(job);
  const given = 'controls' in plan ? plan.controls[0]!.source : { image: plan.image, mask: plan.imageMask };
  if (!('image' in given)) throw new Error('not a picture');
  expect(Buffer.from(await application.parts.store.get(given.image.key))).toEqual(picture);
  expect(Buffer.from(await application.parts.store.get(given.mask!.key))).toEqual(mask);
}

describe('a picture with a mask beside it', () => {
  test('is an inpaint control’s, in JSON and in both forms', async () => {
    const json = await post('/v1/generations', control({ image: { picture: inline(picture), mask: inline(mask) } }));
    const request = JSON.stringify(control({ image: { picture: { part: 'a' }, mask: { part: 'b' } } }));
    const form = await postForm('/v1/generations', { request, a: picture, b: mask });
    const controls = JSON.stringify([
      { type: 'inpaint', model: 'diorama-canny', image: { picture: { part: 'a' }, mask: { part: 'b' } } },
    ]);
    const flat = await postForm('/v1/generations', { prompt: 'x', controls, a: picture, b: mask });
    for (const response of [json, form, flat]) {
      expect(response.statusCode, response.body).toBe(202);
      await expectMask(response.json<JobView>());
    }
  });

  test('is extracted from, in JSON and in the flat form', async () => {
    const json = await post('/v1/conditions/inpaint', { image: { picture: inline(picture), mask: inline(mask) } });
    const flat = await postForm('/v1/conditions/inpaint', { image: picture, mask });
    for (const response of [json, flat]) {
      expect(response.statusCode, response.body).toBe(202);
      await expectMask(response.json<JobView>());
    }
  });

  test('comes in the flat form of a generation as files of two names', async () => {
    // The embedded model has no ControlNet for inpainting, which is what the request is refused for.
    const response = await postForm('/v1/generations', { prompt: 'x', inpaint: picture, inpaint_mask: mask });
    expect(response.json()).toMatchObject({ code: 'unknown_model', field: 'controls[0].type' });
    const alone = await postForm('/v1/generations', { prompt: 'x', inpaint_mask: mask });
    expect(alone.json()).toMatchObject({ code: 'invalid_request', field: 'inpaint_mask' });
  });

  test.each([
    ['of another size', () => control({ image: { picture: inline(picture), mask: inline(mask) } }), 'image.mask'],
    [
      'of another condition',
      () => control({ type: 'canny', image: { picture: inline(picture), mask: inline(mask) } }),
      'image.mask',
    ],
    ['without its picture', () => control({ image: { mask: inline(mask) } }), 'image'],
    [
      'that is no picture',
      () => control({ image: { picture: inline(picture), mask: { pose: {} } } }),
      'image.mask.pose',
    ],
  ])('is refused: a mask %s', async (what, body, field) => {
    const other = await sharp(mask).resize(31, 24).png().toBuffer();
    const payload = JSON.parse(
      JSON.stringify(body()).replace(what === 'of another size' ? inline(mask).data : '\0', inline(other).data),
    ) as object;
    const response = await post('/v1/generations', payload);
    expect(response.json()).toMatchObject({ code: 'invalid_request', field: `controls[0].${field}` });
  });

  test('makes a map that jpeg has no place for', async () => {
    const response = await post('/v1/conditions/inpaint', { image: inline(picture), output: { format: 'jpeg' } });
    expect(response.json()).toMatchObject({ code: 'invalid_request', field: 'output.format' });
  });
});
