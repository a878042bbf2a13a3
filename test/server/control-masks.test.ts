import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import { sentAs } from '../../src/generation/planned-control.ts';
import type { BatchView } from '../../src/server/views/batch-view.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { type Application, multipart, openApplication, pictureFile } from './application.ts';

let application: Application;
let picture: Buffer;
let mask: Buffer;
beforeAll(async () => {
  application = await openApplication();
  picture = await pictureFile();
  // Of another size than the picture, which is allowed.
  mask = await sharp({ create: { width: 5, height: 9, channels: 3, background: 'white' } })
    .png()
    .toBuffer();
});
afterAll(async () => await application.close());

async function post(url: string, payload: unknown) {
  const headers = { 'content-type': 'application/json' };
  return await application.app.inject({ method: 'POST', url, headers, payload: JSON.stringify(payload) });
}

async function postForm(parts: Parameters<typeof multipart>[0]) {
  return await application.app.inject({ method: 'POST', url: '/v1/generations', ...(await multipart(parts)) });
}

async function upload(bytes: Buffer): Promise<{ readonly upload_id: string }> {
  const headers = { 'content-type': 'application/octet-stream' };
  const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', headers, payload: bytes });
  return { upload_id: response.json<{ id: string }>().id };
}

const inline = (bytes: Buffer) => ({ data: bytes.toString('base64') });
const request = (...controls: readonly object[]) => ({
  prompt: 'x',
  controls: controls.map((fields) => ({ type: 'canny', ...fields })),
});

async function controlsOf(job: JobView): Promise<GenerationPlan['controls']> {
  return ((await application.parts.records.findJob('default', job.id))!.plan as GenerationPlan).controls;
}

describe('the mask of a control', () => {
  test('is a picture like any other, in JSON and in both forms, and the job says that it is there', async () => {
    const json = await post('/v1/generations', request({ image: inline(picture), mask: inline(mask) }));
    const uploaded = await post('/v1/generations', request({ image: inline(picture), mask: await upload(mask) }));
    const parts = { image: { part: 'photo' }, mask: { part: 'left' } };
    const form = await postForm({ request: JSON.stringify(request(parts)), photo: picture, left: mask });
    const controls = JSON.stringify(request(parts).controls);
    const flat = await postForm({ prompt: 'x', controls, photo: picture, left: mask });
    for (const response of [json, uploaded, form, flat]) {
      expect(response.statusCode, response.body).toBe(202);
      const job = response.json<JobView>();
      const [control] = await controlsOf(job);
      expect(Buffer.from(await application.parts.store.get(control!.region!.key))).toEqual(mask);
      expect(job.effective).toMatchObject({ controls: [{ mask: { sha256: control!.region!.sha256 } }] });
    }
  });

  test('may be a file that is named after a condition, and no control of the flat form then', async () => {
    const controls = JSON.stringify(request({ image: { part: 'photo' }, mask: { part: 'depth' } }).controls);
    const response = await postForm({ prompt: 'x', controls, photo: picture, depth: mask });
    expect(response.json<JobView>().effective).toMatchObject({ controls: [{ type: 'canny' }] });
    expect(await controlsOf(response.json<JobView>())).toHaveLength(1);
  });

  test('goes with structure as data, ready-made maps, and a picture with a mask beside it', async () => {
    const pose = { people: [{ pose_keypoints_2d: Array.from({ length: 54 }, () => 0.5) }] };
    const beside = await sharp(picture).threshold(128).png().toBuffer();
    const body = request(
      { type: 'openpose', image: { pose }, mask: inline(mask) },
      { image: inline(picture), preprocess: false, mask: inline(picture) },
      {
        type: 'inpaint',
        model: 'diorama-canny',
        image: { picture: inline(picture), mask: inline(beside) },
        mask: inline(mask),
      },
      { image: inline(picture) },
    );
    const response = await post('/v1/generations', body);
    expect(response.statusCode, response.body).toBe(202);
    const controls = await controlsOf(response.json<JobView>());
    const [first, second, third, fourth] = controls.map(({ region }) => region?.sha256);
    expect(second).toBe(sentAs(controls[1]!.source).sha256);
    expect([first, fourth]).toEqual([third, undefined]);
    expect(first).toBeDefined();
    expect(controls[2]!.source).toHaveProperty('mask.sha256');
    expect(controls[2]!.source).not.toHaveProperty('mask.sha256', third);
    expect(response.json<JobView>().effective).toMatchObject({ controls: [{}, {}, {}, { mask: null }] });
  });

  test('is kept once however many items of a batch name it', async () => {
    const bytes = await sharp(mask).negate().png().toBuffer();
    const items = [0, 1, 2].map(() => request({ image: inline(picture), mask: inline(bytes) }));
    const response = await post('/v1/batches', items);
    expect(response.statusCode, response.body).toBe(202);
    const { items_url: url } = response.json<BatchView>();
    const { data } = (await application.app.inject({ method: 'GET', url })).json<{ data: JobView[] }>();
    const keys = await Promise.all(data.map(async (job) => (await controlsOf(job))[0]!.region!.key));
    expect(new Set(keys).size).toBe(1);
    expect(Buffer.from(await application.parts.store.get(keys[0]!))).toEqual(bytes);
  });

  test('goes with the last job that names it', async () => {
    const bytes = await sharp(mask).resize(6, 6).png().toBuffer();
    const job = (
      await post('/v1/generations', request({ image: inline(picture), mask: inline(bytes) }))
    ).json<JobView>();
    const { key } = (await controlsOf(job))[0]!.region!;
    const { records, store } = application.parts;
    const looseGone = async () => await records.pictures.deleteLoose(async (loose) => await store.delete(loose), 100);
    await looseGone();
    expect(await store.stat(key)).not.toBeNull();
    await application.app.inject({ method: 'POST', url: `${job.url}/cancel` });
    const deleted = await application.app.inject({ method: 'DELETE', url: job.url });
    expect(deleted.statusCode, deleted.body).toBe(204);
    await looseGone();
    expect(await store.stat(key)).toBeNull();
  });

  test.each([
    ['that is no picture', () => ({ data: 'aGVsbG8=' }), 'invalid_image', 'mask'],
    ['that is no base64', () => ({ data: '!' }), 'invalid_image', 'mask.data'],
    ['of an upload that is not there', () => ({ upload_id: 'upl_0' }), 'invalid_request', 'mask.upload_id'],
    ['of a job that is not there', () => ({ generation: 'gen_0', output: 0 }), 'invalid_request', 'mask.generation'],
    ['of a part that is not there', () => ({ part: 'left' }), 'invalid_request', 'mask.part'],
    ['with a mask', () => ({ picture: inline(mask), mask: inline(mask) }), 'invalid_request', 'mask.picture'],
    ['drawn from data', () => ({ layout: { regions: [] } }), 'invalid_request', 'mask.layout'],
  ])('is refused where its place is named: a mask %s', async (_, reference, code, field) => {
    const body = request({ image: inline(picture) }, { image: inline(picture), mask: reference() });
    expect((await post('/v1/generations', body)).json()).toMatchObject({ code, field: `controls[1].${field}` });
    const batch = await post('/v1/batches', [body]);
    expect(batch.json()).toMatchObject({ code, errors: [{ field: `items[0].controls[1].${field}` }] });
  });
});
