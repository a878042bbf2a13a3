import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import sharp from 'sharp';
import type { Consumer } from '../../src/queue/queue.ts';
import { deleteOrphans } from '../../src/retention/orphans.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import type { LooksView } from '../../src/server/views/look-view.ts';
import { writePairs } from '../training/small-training.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { openTrainingService, putSet, type TrainingService } from './training-service.ts';

const folder = temporaryFolder();
let service: TrainingService;
let trainer: Consumer;
let job: JobView;
let looks: LooksView;

beforeAll(async () => {
  service = await openTrainingService(folder);
  const set = await putSet(service, await writePairs(join(folder, 'pairs')));
  trainer = await service.startTrainer(join(folder, 'machine'));
  const validation = { every: 3, maps: 2, prompts: ['a square'], seeds: [4] };
  const request = { kind: 'controlnet', condition: 'my-squares', batch: 1, learning_rate: 0.02, resolution: [64, 64] };
  const body = { ...request, steps: 7, validation, validation_split: 0.4, seed: 3, data: { upload_id: set } };
  const { id } = (await service.post('/v1/trainings', body)).body as JobView;
  job = await service.until(id, ({ status }) => ['succeeded', 'failed', 'cancelled'].includes(status));
  looks = (await service.get(`/v1/trainings/${id}/validations`)).body as LooksView;
}, 120_000);
afterAll(async () => {
  await trainer?.close();
  await service.close();
});

test('a training shows by step what it learns, with pictures of held-out maps', async () => {
  expect(job).toMatchObject({ status: 'succeeded', error: null });
  expect(looks).toMatchObject({ next_after: null, notices: [] });
  expect(looks.data.map(({ step }) => step)).toEqual([0, 3, 6, 7]);
  const [first, , , last] = looks.data;
  expect(first).toMatchObject({ training_loss: null, measure: 'held_out_loss', pictures: [{ seed: 4 }, { seed: 4 }] });
  expect(last!.training_loss).toBeGreaterThan(0);
  expect(last!.loss).toBeGreaterThan(0);
  expect(last!.channels.with?.mean).toHaveLength(3);
  const { map, picture, without } = last!.pictures[1]!;
  expect(picture).toBe(`/v1/trainings/${job.id}/validations/7/1/picture`);
  const shown = await Promise.all([map!, picture, without].map(async (path) => await service.get(path)));
  for (const { status, headers, bytes } of shown) {
    expect([status, headers['content-type']]).toEqual([200, 'image/png']);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 });
  }
  expect(new Set(shown.map(({ bytes }) => bytes.toString('base64'))).size).toBe(3);
  // Before its first step it draws as the base model does.
  const [before, base] = [first!.pictures[0]!.picture, first!.pictures[0]!.without];
  expect((await service.get(before)).bytes.equals((await service.get(base)).bytes)).toBe(true);
});

test('they are events as well, and come in pages', async () => {
  const events = await service.parts.records.eventsAfter(job.id, 0);
  const told = events.filter(({ type }) => type === 'validation');
  expect(told.map(({ data }) => data['step'])).toEqual([0, 3, 6, 7]);
  expect(told[1]!.data).toMatchObject({ loss: looks.data[1]!.loss, g: looks.data[1]!.g });
  const page = (await service.get(`/v1/trainings/${job.id}/validations?limit=2&after=0`)).body as LooksView;
  expect([page.data.map(({ step }) => step), page.next_after]).toEqual([[3, 6], 6]);
});

test.each(['validations/3/2/picture', 'validations/4/0/picture', 'validations/3/0/maps', 'validations/x/0/map'])(
  'there is no %s',
  async (path) => {
    const { status, body } = await service.get(`/v1/trainings/${job.id}/${path}`);
    expect(body).toMatchObject({ status });
    expect(status).toBeOneOf([400, 404]);
  },
);

test('of another kind of job, and of none, there are none', async () => {
  for (const id of [job.id.replace('trn_', 'gen_'), 'trn_none']) {
    expect((await service.get(`/v1/trainings/${id}/validations`)).status).toBe(404);
    expect((await service.get(`/v1/trainings/${id}/validations/0/0/map`)).status).toBe(404);
  }
});

test('their pictures stay as long as the training, and go with it', async () => {
  const left = async (): Promise<number> => {
    const keys: string[] = [];
    for await (const { key } of service.parts.store.list(`tenants/default/generations/${job.id}/`)) keys.push(key);
    return keys.length;
  };
  // What is the same each time lies there once.
  const tags = looks.data.flatMap(({ pictures }) =>
    pictures.flatMap(({ map, picture, without }) => [map!, picture, without]),
  );
  const files = new Set(await Promise.all(tags.map(async (path) => (await service.get(path)).headers['etag'])));
  expect(await left()).toBe(files.size);
  const later = new Date(Date.now() + 10 * 86_400_000);
  expect(await deleteOrphans(service.parts, later, new AbortController().signal)).toBe(0);
  expect(await left()).toBe(files.size);
  const gone = await service.app.inject({ method: 'DELETE', url: `/v1/trainings/${job.id}` });
  expect(gone.statusCode).toBe(204);
  expect(await left()).toBe(0);
  expect((await service.get(looks.data[0]!.pictures[0]!.picture)).status).toBe(404);
});
