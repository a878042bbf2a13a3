import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keyRequest } from '../../src/access/key-request.ts';
import { kindOf } from '../../src/generation/kinds/kinds.ts';
import { findControlNet } from '../../src/generation/models/controlnet.ts';
import type { Consumer } from '../../src/queue/queue.ts';
import { issueKey } from '../../src/records/access/issue-key.ts';
import { deleteOrphans } from '../../src/retention/orphans.ts';
import { quotaWindow } from '../../src/server/load/admission.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { trainSmall, writePairs } from '../training/small-training.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';
import { openTrainingService, putSet, type TrainingService } from './training-service.ts';

const folder = temporaryFolder();
const network = 'diffusion_pytorch_model.safetensors';
const order = join(folder, 'kill-at');
process.env['ARMATURE_TEST_KILL'] = order;

const request = {
  kind: 'controlnet',
  condition: 'my-squares',
  steps: 12,
  batch: 2,
  learning_rate: 0.02,
  schedule: 'cosine',
  ema: 0.8,
  flip: true,
  resolution: [64, 64],
  seed: 5,
} as const;

let service: TrainingService;
let trainer: Consumer;
let data: string;
let set: string;

beforeAll(async () => {
  service = await openTrainingService(folder);
  data = await writePairs(join(folder, 'pairs'));
  set = await putSet(service, data);
}, 120_000);
afterAll(async () => {
  await trainer?.close();
  await service.close();
});

const hasEnded = ({ status }: JobView): boolean => ['succeeded', 'failed', 'cancelled'].includes(status);
const nameOf = ({ effective }: JobView): string => ('learning_rate' in effective ? effective.name : '');

describe('what is refused before anything is recorded', () => {
  const refusalOf = async (body: object): Promise<unknown> => {
    const { status, body: answer } = await service.post('/v1/trainings', {
      ...request,
      data: { upload_id: set },
      ...body,
    });
    const { code, field } = answer as { readonly code: string; readonly field?: string };
    return [status, code, field];
  };

  test.each([
    [{ data: { upload_id: 'upl_none' } }, [400, 'invalid_request', 'data.upload_id']],
    [{ data: undefined }, [400, 'invalid_request', 'data']],
    [{ steps: undefined }, [400, 'invalid_request', 'steps']],
    [{ warmup: 13 }, [400, 'invalid_request', 'warmup']],
    [{ condition: 'shuffle' }, [400, 'unknown_condition', 'condition']],
    [{ base: 'none' }, [400, 'unknown_model', 'base']],
    [{ max_train_steps: 3 }, [400, 'invalid_request', 'max_train_steps']],
  ])('%o', async (body, refusal) => {
    expect(await refusalOf(body)).toEqual(refusal);
  });

  test("another tenant's set", async () => {
    const foreign = await putSet(service, data, 'other');
    expect(await refusalOf({ data: { upload_id: foreign } })).toEqual([400, 'invalid_request', 'data.upload_id']);
  });
});

describe('a training whose process is killed, and which goes on on another machine', () => {
  let job: JobView;

  beforeAll(async () => {
    writeFileSync(order, '8');
    const headers = { 'idempotency-key': 'once' };
    const body = { ...request, data: { upload_id: set }, name: 'squares', keep: 1, metadata: { order: 7 } };
    const accepted = await service.post('/v1/trainings', body, headers);
    expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
    job = accepted.body as JobView;
    const again = await service.post('/v1/trainings', body, headers);
    expect((again.body as JobView).id).toBe(job.id);
    const first = await service.startTrainer(join(folder, 'first-machine'));
    job = await service.until(
      job.id,
      ({ last_fault: fault, checkpoint_step: step }) => fault !== null && step !== null,
    );
    await first.close();
    trainer = await service.startTrainer(join(folder, 'second-machine'));
    job = await service.until(job.id, hasEnded);
  }, 240_000);

  test('ends with the weights of one that never was', async () => {
    expect(job).toMatchObject({ status: 'succeeded', error: null, kind: 'training', metadata: { order: 7 } });
    expect(job.last_fault?.code).toBe('training_lost');
    expect(job.attempt).toBeGreaterThan(1);
    const output = join(folder, 'undisturbed');
    await trainSmall({ data, output, request: { ...request, name: nameOf(job), keep: 1 } });
    const { data: files } = (await service.get(`/v1/trainings/${job.id}/files`)).body as {
      readonly data: readonly { readonly name: string; readonly url: string }[];
    };
    const kept = `checkpoints/step-6/${nameOf(job)}-step-6.safetensors`;
    for (const name of [network, `${nameOf(job)}.safetensors`, kept, 'losses.jsonl']) {
      const { url } = files.find((file) => file.name === name)!;
      expect((await service.get(url)).bytes.equals(readFileSync(join(output, name))), name).toBe(true);
    }
  }, 120_000);

  test('says what was found in its set, and how far it is', () => {
    expect(job.report).toMatchObject({ pairs: 5 });
    expect(job.progress).toMatchObject({ step: 12, steps: 12, share: 1, training: { stage: 'storing' } });
    expect(nameOf(job)).toMatch(/^squares-[0-9a-f]{10}$/);
  });

  test('leaves nothing behind but its model', async () => {
    expect(existsSync(join(folder, 'second-machine', job.id))).toBe(false);
    const left: string[] = [];
    for await (const { key } of service.parts.store.list(`tenants/default/generations/${job.id}/`)) left.push(key);
    expect(left).toEqual([]);
    expect(
      await deleteOrphans(service.parts, new Date(Date.now() + 10 * 86_400_000), new AbortController().signal),
    ).toBe(0);
  });

  test('has its model in the library of its tenant alone, until the operator publishes it', async () => {
    const id = nameOf(job);
    const model = await service.library.of('default').find(findControlNet, id);
    expect(model).toMatchObject({ type: 'my-squares', owner: 'default' });
    await expect(service.library.of('other').find(findControlNet, id)).rejects.toMatchObject({ code: 'unknown_model' });
    expect((await service.post(`/v1/models/${id}/publish`)).status).toBe(200);
    await service.library.list();
    expect(await service.library.of('other').find(findControlNet, id)).toMatchObject({ owner: null });
  });

  test('is listed apart from what draws', async () => {
    const list = async (path: string): Promise<readonly string[]> =>
      ((await service.get(path)).body as { readonly data: readonly JobView[] }).data.map(({ id }) => id);
    expect(await list('/v1/trainings')).toContain(job.id);
    expect(await list('/v1/generations')).not.toContain(job.id);
    expect((await service.get(`/v1/generations/${job.id}`)).status).toBe(404);
    expect((await service.get(`/v1/trainings/${job.id.replace('trn_', 'gen_')}`)).status).toBe(404);
  });

  test('is trained on, with steps of its own, and the same request does it once', async () => {
    const url = `/v1/trainings/${job.id}/continue`;
    const headers = { 'idempotency-key': 'on' };
    const body = { steps: 3, learning_rate: 1e-9, metadata: { order: 9 } };
    const accepted = await service.post(url, body, headers);
    expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
    const { id } = accepted.body as JobView;
    expect(((await service.post(url, body, headers)).body as JobView).id).toBe(id);
    const next = await service.until(id, hasEnded);
    expect(next).toMatchObject({
      status: 'succeeded',
      metadata: { order: 9 },
      progress: { step: 3, steps: 3 },
      effective: {
        init: { id: nameOf(job) },
        condition: 'my-squares',
        batch: 2,
        schedule: 'cosine',
        learning_rate: 1e-9,
        keep: 1,
        data: { upload_ids: [set] },
      },
    });
    expect(nameOf(next)).toMatch(/^squares-[0-9a-f]{10}$/);
    const bytesOf = async (training: JobView): Promise<Buffer> => {
      const { data: files } = (await service.get(`/v1/trainings/${training.id}/files`)).body as {
        readonly data: readonly { readonly name: string; readonly url: string }[];
      };
      return (await service.get(files.find(({ name }) => name === network)!.url)).bytes;
    };
    // It learnt next to nothing, so that it is the same to the last digit of a file.
    const [before, after] = [await bytesOf(job), await bytesOf(next)];
    expect(before.length).toBeGreaterThan(1000);
    expect(after.equals(before)).toBe(true);
    // Without a word it is as long as the one before, and random numbers are others.
    const again = (await service.post(`/v1/trainings/${id}/continue`)).body as JobView;
    expect(again).toMatchObject({ effective: { steps: 3, init: { id: nameOf(next) }, warmup: 0 } });
    expect(again.effective).not.toMatchObject({ seed: request.seed });
    expect((await service.post(`/v1/trainings/${again.id}/cancel`)).status).toBe(200);
    await service.until(again.id, hasEnded);
    const refused = async (path: string, wish: object): Promise<unknown> => {
      const { status, body: answer } = await service.post(path, wish);
      return [status, (answer as { readonly field?: string }).field];
    };
    expect(await refused(`/v1/trainings/${again.id}/continue`, {})).toEqual([409, undefined]);
    expect(await refused('/v1/trainings/trn_none/continue', {})).toEqual([404, undefined]);
    expect(await refused(url, { rank: 3 })).toEqual([400, 'rank']);
    expect(await refused(url, { steps: 3, epochs: 2 })).toEqual([400, 'steps']);
    expect(await refused(url, { warmup: 13 })).toEqual([400, 'warmup']);
  }, 120_000);

  test('may be deleted, and its model apart from it', async () => {
    const id = nameOf(job);
    expect((await service.app.inject({ method: 'DELETE', url: `/v1/trainings/${job.id}` })).statusCode).toBe(204);
    await service.library.list();
    expect((await service.library.of('default').find(findControlNet, id)).id).toBe(id);
    expect((await service.app.inject({ method: 'DELETE', url: `/v1/models/${id}` })).statusCode).toBe(204);
    await service.library.list();
    await expect(service.library.of('default').find(findControlNet, id)).rejects.toMatchObject({
      code: 'unknown_model',
    });
    expect(readdirSync(join(folder, 'trained'))).not.toContain(id);
    expect((await service.app.inject({ method: 'DELETE', url: `/v1/models/${id}` })).statusCode).toBe(404);
    const begun = await service.post('/v1/trainings', { ...request, data: { upload_id: set }, init: id });
    expect([begun.status, (begun.body as { readonly field?: string }).field]).toEqual([400, 'init']);
  });
});

test('a set that cannot be learnt from fails with what is wrong with it', async () => {
  const accepted = await service.post('/v1/trainings', {
    ...request,
    condition: 'canny',
    kind: 'lora',
    data: { upload_id: set },
  });
  expect(accepted.status).toBe(400);
  const empty = await putSet(service, await writePairs(join(folder, 'none'), 0));
  const { id } = (await service.post('/v1/trainings', { ...request, data: { upload_id: empty } })).body as JobView;
  const job = await service.until(id, hasEnded);
  expect(job).toMatchObject({ status: 'failed', error: { code: 'invalid_set' } });
  // By what the operator allows.
  const many = await writePairs(join(folder, 'many'));
  for (let index = 0; index < 50; index++) writeFileSync(join(many, `${index}.txt`), 'a square');
  const large = await putSet(service, many);
  const other = (await service.post('/v1/trainings', { ...request, data: { upload_id: large } })).body as JobView;
  const { error } = await service.until(other.id, hasEnded);
  expect(error).toMatchObject({ code: 'invalid_set', detail: expect.stringContaining('at most 50 files') as string });
}, 60_000);

test('a dry run says what the training would take, makes no model, and costs next to nothing', async () => {
  const { records } = service.parts;
  const body = { ...request, steps: 5000, validation: { every: 1000, maps: 2 }, dry_run: true };
  const accepted = await service.post('/v1/trainings', { ...body, data: { upload_id: set } });
  expect(accepted.body).toMatchObject({ effective: { dry_run: true } });
  const { id } = accepted.body as JobView;
  const job = await service.until(id, hasEnded);
  expect(job).toMatchObject({
    status: 'succeeded',
    outputs: [],
    report: {
      pairs: 5,
      estimate: {
        steps: 5000,
        held_out: 2,
        memory_bytes: expect.any(Number) as number,
        step_s: expect.any(Number) as number,
        checkpoint: { bytes: expect.any(Number) as number, writing_s: expect.any(Number) as number },
      },
    },
  });
  const {
    step_s: step,
    look_s: look,
    encoding_s: encoding,
    total_s: total,
  } = job.report!['estimate'] as {
    readonly [name: string]: number;
  };
  expect(total! / (encoding! + 5000 * step! + 6 * look!)).toBeCloseTo(1, 1);
  expect(step).toBeGreaterThan(0);
  expect(await records.trainings.madeBy('default', id)).toBeNull();
  expect((await service.get(`/v1/trainings/${id}/files`)).body).toEqual({ data: [] });
  expect((await service.post(`/v1/trainings/${id}/continue`)).status).toBe(409);
  for (const machine of ['first-machine', 'second-machine', 'third-machine'])
    expect(existsSync(join(folder, machine, id))).toBe(false);
  const { plan } = (await records.findJob('default', id))!;
  expect(kindOf(plan).cost(plan)).toBe(8 * 2 * 64 * 64 * 3);
}, 60_000);

describe('a training that is paused', () => {
  const long = { ...request, steps: 100_000, metadata: { order: 8 } };
  let id: string;
  const ask = async (verb: string): Promise<number> => (await service.post(`/v1/trainings/${id}/${verb}`)).status;
  const runs = ({ status, progress }: JobView): boolean => status === 'running' && (progress?.step ?? 0) > 2;
  const pause = async (): Promise<JobView> => {
    expect(await ask('pause')).toBe(200);
    return await service.until(id, ({ status }) => status === 'paused');
  };

  beforeAll(async () => {
    ({ id } = (await service.post('/v1/trainings', { ...long, data: { upload_id: set } })).body as JobView);
    await service.until(id, runs);
  }, 60_000);

  test('keeps what it has learnt, frees its place, and goes on from there', async () => {
    const paused = await pause();
    expect(paused).toMatchObject({ progress: null, started_at: null, finished_at: null, error: null, strikes: 0 });
    expect(paused.checkpoint_step).toBeGreaterThan(2);
    expect((await service.parts.records.overview.queue()).paused).toBe(1);
    expect(((await service.get('/v1/trainings?status=paused')).body as { data: JobView[] }).data).toHaveLength(1);
    expect(await ask('pause')).toBe(200);
    expect(await ask('stop')).toBe(409);
    const erased = await service.app.inject({ method: 'DELETE', url: `/v1/uploads/${set}` });
    expect(erased.statusCode).toBe(409);
    const other = { ...request, steps: 1, data: { upload_id: set } };
    const { id: next } = (await service.post('/v1/trainings', other)).body as JobView;
    expect((await service.until(next, hasEnded)).status).toBe('succeeded');
    expect(await ask('resume')).toBe(200);
    const going = await service.until(id, runs);
    expect(going.progress?.step).toBeGreaterThanOrEqual(paused.checkpoint_step ?? Infinity);
    expect(going.attempt).toBe(paused.attempt + 1);
    const types = (await service.parts.records.eventsAfter(id, 0)).map(({ type }) => type);
    expect(types.filter((type) => type !== 'progress')).toEqual(['queued', 'started', 'paused', 'queued', 'started']);
  }, 120_000);

  test('stays so where its worker begins anew, and is deleted with its checkpoints', async () => {
    await pause();
    await trainer.close();
    trainer = await service.startTrainer(join(folder, 'third-machine'));
    expect(await service.parts.records.startAttempt('default', id)).toBeNull();
    expect((await service.get(`/v1/trainings/${id}`)).body).toMatchObject({ status: 'paused' });
    const gone = await service.app.inject({ method: 'DELETE', url: `/v1/trainings/${id}` });
    expect(gone.statusCode).toBe(204);
    const left: string[] = [];
    for await (const { key } of service.parts.store.list(`tenants/default/generations/${id}/`)) left.push(key);
    expect(left).toEqual([]);
  }, 60_000);
});

test('a training does not begin where the models of its tenant fill their room, unless it is only measured', async () => {
  const wish = { ...request, steps: 1, data: { upload_id: set } };
  const id = async (): Promise<string> => ((await service.post('/v1/trainings', wish)).body as JobView).id;
  const first = await service.until(await id(), hasEnded);
  expect(first.status).toBe('succeeded');
  await trainer.close();
  trainer = await service.startTrainer(join(folder, 'narrow-machine'), { modelQuotaBytes: 1 });
  expect(await service.until(await id(), hasEnded)).toMatchObject({
    status: 'failed',
    error: {
      code: 'quota_exceeded',
      detail: expect.stringMatching(/ take \d+ bytes of the 1 that they may/) as string,
    },
  });
  const { id: dry } = (await service.post('/v1/trainings', { ...wish, dry_run: true })).body as JobView;
  expect((await service.until(dry, hasEnded)).status).toBe('succeeded');
  const { limits } = service.parts.settings as { limits: { modelQuotaBytes: number } };
  const before = limits.modelQuotaBytes;
  limits.modelQuotaBytes = 1;
  const refused = await service.post('/v1/trainings', wish);
  limits.modelQuotaBytes = before;
  expect([refused.status, (refused.body as { readonly code: string }).code]).toEqual([429, 'quota_exceeded']);
  await trainer.close();
  trainer = await service.startTrainer(join(folder, 'wide-machine'));
}, 60_000);

test('a training that is stopped succeeds with what it has learnt', async () => {
  const long = { ...request, steps: 100_000, data: { upload_id: set } };
  const { id } = (await service.post('/v1/trainings', long)).body as JobView;
  expect((await service.post(`/v1/trainings/${id}/stop`)).status).toBeOneOf([200, 409]);
  await service.until(id, ({ progress }) => (progress?.step ?? 0) > 0);
  expect((await service.post(`/v1/trainings/${id}/stop`)).status).toBe(200);
  const job = await service.until(id, hasEnded);
  expect(job).toMatchObject({ status: 'succeeded', warnings: [expect.stringContaining('of 100000')] });
  expect(await service.library.of('default').find(findControlNet, nameOf(job))).toMatchObject({ type: 'my-squares' });
  expect((await service.post(`/v1/trainings/${id}/stop`)).status).toBe(409);
  expect((await service.post(`/v1/trainings/${id}/pause`)).status).toBe(409);
}, 60_000);

test('a training waits for memory, and is paused while it does', async () => {
  await trainer.close();
  let free = 0;
  const memory = { usableMemory: 1.2 * 2 ** 30, freeMemory: async () => free };
  trainer = await service.startTrainer(join(folder, 'small-machine'), memory);
  const { id } = (await service.post('/v1/trainings', { ...request, data: { upload_id: set } })).body as JobView;
  const waits = ({ progress }: JobView): boolean => progress?.training?.stage === 'waiting';
  const { progress } = await service.until(id, waits);
  expect(progress?.training?.waits_for).toMatch(/^0\.\d GB of memory: 0\.0 GB are free$/);
  expect((await service.post(`/v1/trainings/${id}/pause`)).status).toBe(200);
  await service.until(id, ({ status }) => status === 'paused');
  expect((await service.post(`/v1/trainings/${id}/resume`)).status).toBe(200);
  await service.until(id, waits);
  free = 2 ** 30;
  expect((await service.until(id, hasEnded)).status).toBe('succeeded');
}, 60_000);

test('a training that runs is cancelled', async () => {
  const long = { ...request, steps: 100_000, data: { upload_id: set } };
  const { id } = (await service.post('/v1/trainings', long)).body as JobView;
  await service.until(id, ({ progress }) => (progress?.step ?? 0) > 0);
  expect((await service.post(`/v1/trainings/${id}/cancel`)).status).toBe(200);
  expect((await service.until(id, hasEnded)).status).toBe('cancelled');
  expect(await service.parts.records.trainings.madeBy('default', id)).toBeNull();
}, 60_000);

test('a training whose steps its set says is charged for them once they are known', async () => {
  const { records, clock } = service.parts;
  const quota = { cost: 1e12, window: 'day' };
  const { text, key } = await issueKey(records.keys, keyRequest.parse({ name: 'test', scopes: ['train'], quota }));
  const body = { ...request, steps: undefined, epochs: 0.8, timesteps_per_map: 2, data: { upload_id: set } };
  const accepted = await service.post('/v1/trainings', body, { authorization: `Bearer ${text}` });
  const { id } = accepted.body as JobView;
  const window = { account: key.account, kind: 'day', ...quotaWindow('day', clock().getTime()) } as const;
  const perStep = 2 * 2 * 64 * 64 * 3;
  expect(await records.usage.read(window)).toBe(1000 * perStep);
  await expect.poll(async () => (await records.findJob('default', id))?.status, { timeout: 60_000 }).toBe('succeeded');
  expect(await records.usage.read(window)).toBe(2 * perStep);
}, 90_000);
