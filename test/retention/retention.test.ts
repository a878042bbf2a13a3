import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ArmatureError } from '../../src/errors.ts';
import { deleteJobs } from '../../src/retention/delete-jobs.ts';
import { eraseTenant } from '../../src/retention/erase-tenant.ts';
import { finishRemovals } from '../../src/retention/leftovers.ts';
import { sweep, type RetentionPolicy, type Swept } from '../../src/retention/sweep.ts';
import { startSweeper } from '../../src/retention/sweeper.ts';
import { checkpointKey } from '../../src/store/keys.ts';
import { type Application, finishJob, multipart, openApplication, pictureFile } from '../server/application.ts';

const day = 86_400_000;
const forever: RetentionPolicy = { age: null, bytes: null };

let application: Application;
let photos = 0;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

/** A picture that no other case sends. */
const newPhoto = async (): Promise<Buffer> => await pictureFile('png', 40 + (photos += 1), 24);

async function submit(photo: Buffer): Promise<string> {
  const form = await multipart({ prompt: 'x', steps: '4', canny: photo });
  const response = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
  expect(response.statusCode).toBe(202);
  return response.json<{ id: string }>().id;
}

async function drawn(photo: Buffer): Promise<string> {
  const id = await submit(photo);
  await finishJob(application, { id });
  return id;
}

async function upload(photo: Buffer): Promise<string> {
  const headers = { 'content-type': 'image/png' };
  const response = await application.app.inject({ method: 'POST', url: '/v1/uploads', headers, payload: photo });
  expect(response.statusCode).toBe(201);
  return response.json<{ id: string }>().id;
}

const remove = async (url: string): Promise<number> =>
  (await application.app.inject({ method: 'DELETE', url })).statusCode;

/** Keys of all objects. */
async function stored(): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of application.parts.store.list('tenants/')) keys.push(key);
  return keys.toSorted();
}

/** One sweep, so many milliseconds from now. */
async function sweepIn(ms: number, policy: RetentionPolicy, signal = new AbortController().signal): Promise<Swept> {
  const { records, store, log } = application.parts;
  return await sweep({ records, store, log, clock: () => new Date(Date.now() + ms) }, policy, signal);
}

describe('a job that is deleted', () => {
  it('leaves nothing in the store, and what others use is theirs', async () => {
    const [photo, shared] = [await newPhoto(), await newPhoto()];
    const before = await stored();
    const [alone, one, another] = [await drawn(photo), await drawn(shared), await drawn(shared)];
    const { store, records } = application.parts;
    await store.put(`tenants/default/generations/${alone}/checkpoints/1`, Buffer.from('x'), 'application/octet-stream');
    expect(await remove(`/v1/generations/${alone}`)).toBe(204);
    expect(await records.eventsAfter(alone, 0)).toEqual([]);
    expect((await stored()).filter((key) => key.includes(alone))).toEqual([]);
    expect(await remove(`/v1/generations/${one}`)).toBe(204);
    const kept = (await stored()).filter((key) => !before.includes(key));
    expect(kept.filter((key) => key.includes('/inputs/'))).toHaveLength(1);
    expect(kept.filter((key) => !key.includes('/inputs/')).every((key) => key.includes(another))).toBe(true);
    expect(await remove(`/v1/generations/${another}`)).toBe(204);
    expect(await stored()).toEqual(before);
  });

  it('is seen by nobody from the first moment, and its objects go with the next sweep where it was stopped', async () => {
    const before = await stored();
    const id = await drawn(await newPhoto());
    const { records, store } = application.parts;
    const failing = { ...store, deleteAll: () => Promise.reject(new Error('killed')) };
    await expect(deleteJobs({ records, store: failing }, [{ tenant: 'default', id }])).rejects.toThrow('killed');
    expect(await records.findJob('default', id)).toBeNull();
    expect((await stored()).filter((key) => key.includes(id))).not.toEqual([]);
    await sweepIn(0, forever);
    expect(await stored()).toEqual(before);
    expect(await records.retention.removals({ limit: 10 })).toEqual([]);
  });

  it('is gone for its user while the store is away', async () => {
    const before = await stored();
    const id = await drawn(await newPhoto());
    const away = () => Promise.reject(new ArmatureError('unavailable', 'away'));
    const app = await application.rebuild({ store: { ...application.parts.store, deleteAll: away } });
    expect((await app.inject({ method: 'DELETE', url: `/v1/generations/${id}` })).statusCode).toBe(204);
    expect((await app.inject({ method: 'GET', url: `/v1/generations/${id}/outputs/0` })).statusCode).toBe(404);
    await sweepIn(0, forever);
    expect(await stored()).toEqual(before);
  });

  it('whose objects cannot be deleted does not keep those of others', async () => {
    const before = await stored();
    const [stuck, other] = [await drawn(await newPhoto()), await drawn(await newPhoto())];
    const { records, store } = application.parts;
    const deleteAll = async (prefix: string): Promise<void> => {
      if (prefix.includes(stuck)) throw new Error('locked');
      await store.deleteAll(prefix);
    };
    for (const id of [stuck, other]) await records.deleteJob('default', id);
    await finishRemovals({ records, store: { ...store, deleteAll } });
    expect((await records.retention.removals({ limit: 10 })).map(({ id }) => id)).toEqual([stuck]);
    expect((await stored()).filter((key) => key.includes(other))).toEqual([]);
    await expect(finishRemovals({ records, store: { ...store, deleteAll } })).rejects.toThrow('locked');
    await sweepIn(0, forever);
    expect(await stored()).toEqual(before);
  });

  it('leaves inputs to the next sweep where it was stopped behind the record', async () => {
    const before = await stored();
    const id = await drawn(await newPhoto());
    const { records, store } = application.parts;
    const failing = { ...store, delete: () => Promise.reject(new Error('killed')) };
    await expect(deleteJobs({ records, store: failing }, [{ tenant: 'default', id }])).rejects.toThrow('killed');
    expect((await stored()).filter((key) => !before.includes(key))).toHaveLength(1);
    await sweepIn(0, forever);
    expect(await stored()).toEqual(before);
  });

  it('that does not come to be keeps nothing of its picture', async () => {
    const before = await stored();
    const form = await multipart({ prompt: 'x', model: 'none', canny: await newPhoto() });
    const refused = await application.app.inject({ method: 'POST', url: '/v1/generations', ...form });
    expect(refused.statusCode).toBe(400);
    expect(await stored()).toEqual(before);
  });
});

describe('an upload', () => {
  it('is deleted unless a job waits for it', async () => {
    const before = await stored();
    const id = await upload(await newPhoto());
    const body = { prompt: 'x', controls: [{ type: 'canny', image: { upload_id: id } }] };
    const job = (await application.app.inject({ method: 'POST', url: '/v1/generations', payload: body })).json<{
      id: string;
    }>();
    const refused = await application.app.inject({ method: 'DELETE', url: `/v1/uploads/${id}` });
    expect(refused.json()).toMatchObject({ status: 409, code: 'conflict' });
    await finishJob(application, job);
    expect(await remove(`/v1/uploads/${id}`)).toBe(204);
    expect(await remove(`/v1/uploads/${id}`)).toBe(404);
    expect((await application.app.inject({ method: 'GET', url: `/v1/uploads/${id}` })).statusCode).toBe(404);
    expect(await remove(`/v1/generations/${job.id}`)).toBe(204);
    expect(await stored()).toEqual(before);
  });

  it('that is a mask beside a picture is kept as the picture is, until no job names it', async () => {
    const before = await stored();
    const size = [64 + (photos += 1), 24] as const;
    const picture = await upload(await pictureFile('png', ...size));
    const mask = await upload(await pictureFile('jpeg', ...size));
    const image = { picture: { upload_id: picture }, mask: { upload_id: mask } };
    const payload = { prompt: 'x', controls: [{ model: 'diorama-canny', type: 'inpaint', image }] };
    const response = await application.app.inject({ method: 'POST', url: '/v1/generations', payload });
    expect(response.statusCode, response.body).toBe(202);
    const job = response.json<{ id: string }>();
    for (const id of [picture, mask]) expect(await remove(`/v1/uploads/${id}`)).toBe(409);
    await finishJob(application, job);
    expect(await sweepIn(31 * day, { age: 32 * day, bytes: null })).toMatchObject({ uploads: 0 });
    expect(await sweepIn(31 * day, { age: 30 * day, bytes: null })).toMatchObject({ jobs: 1, uploads: 2 });
    expect(await stored()).toEqual(before);
  });

  it('comes back under a new id', async () => {
    const photo = await newPhoto();
    const id = await upload(photo);
    expect(await upload(photo)).toBe(id);
    await remove(`/v1/uploads/${id}`);
    const again = await upload(photo);
    expect(again).not.toBe(id);
    expect((await stored()).filter((key) => key.includes('/uploads/'))).toHaveLength(1);
    await remove(`/v1/uploads/${again}`);
  });
});

describe('a batch', () => {
  const inline = (photo: Buffer) => ({ data: photo.toString('base64') });
  const items = (photo: Buffer, last: object = {}) =>
    [1, 2, 3].map((seed) => ({
      prompt: 'x',
      seed,
      controls: [{ type: 'canny', image: inline(photo) }],
      ...(seed === 3 ? last : {}),
    }));

  it('keeps the pictures that its items share until they are written, and then until the last item goes', async () => {
    const before = await stored();
    const { records } = application.parts;
    const policy = { age: 30 * day, bytes: 0 };
    let swept = false;
    const insert: typeof records.batches.insert = async (...given) => {
      await sweepIn(31 * day, policy);
      const written = await records.batches.insert(...given);
      await sweepIn(31 * day, policy);
      swept = true;
      return written;
    };
    const app = await application.rebuild({ records: { ...records, batches: { ...records.batches, insert } } });
    const payload = items(await newPhoto());
    const response = await app.inject({ method: 'POST', url: '/v1/batches', payload });
    expect(response.statusCode, response.body).toBe(202);
    expect(swept).toBe(true);
    const shared = (await stored()).filter((key) => !before.includes(key));
    expect(shared).toHaveLength(1);

    const [first, second, third] = await records.batches.items(response.json<{ id: string }>().id, { limit: 9 });
    for (const item of [first, second, third]) await finishJob(application, item!);
    for (const item of [first, second]) expect(await remove(`/v1/generations/${item!.id}`)).toBe(204);
    expect(await stored()).toEqual(expect.arrayContaining([...shared]));
    expect(await remove(`/v1/generations/${third!.id}`)).toBe(204);
    expect(await stored()).toEqual(before);
  });

  it('that is deleted takes its pictures along, and one that is refused leaves none', async () => {
    const before = await stored();
    const refused = await application.app.inject({
      method: 'POST',
      url: '/v1/batches',
      payload: items(await newPhoto(), { steps: -1 }),
    });
    expect(refused.statusCode).toBe(400);
    await sweepIn(0, forever);
    expect(await stored()).toEqual(before);
    const payload = items(await newPhoto());
    const made = await application.app.inject({ method: 'POST', url: '/v1/batches', payload });
    const { id } = made.json<{ id: string }>();
    for (const item of await application.parts.records.batches.items(id, { limit: 9 })) {
      await finishJob(application, item);
    }
    expect(await remove(`/v1/batches/${id}`)).toBe(204);
    expect(await stored()).toEqual(before);
  });
});

describe('a sweep', () => {
  it('deletes what is older than the age, and nothing younger', async () => {
    const before = await stored();
    const [job, waiting] = [await drawn(await newPhoto()), await submit(await newPhoto())];
    const picture = await upload(await newPhoto());
    const policy = { age: 30 * day, bytes: null };
    expect(await sweepIn(29 * day, policy)).toMatchObject({ jobs: 0, uploads: 0 });
    expect(await sweepIn(31 * day, policy)).toMatchObject({ jobs: 1, uploads: 1 });
    const { records } = application.parts;
    expect(await records.findJob('default', job)).toBeNull();
    expect(await records.findUpload('default', picture)).toBeNull();
    expect(await records.findJob('default', waiting)).not.toBeNull();
    await records.requestCancel('default', waiting);
    await remove(`/v1/generations/${waiting}`);
    expect(await stored()).toEqual(before);
  });

  it('deletes the jobs that ended first until the rest has room', async () => {
    const { records } = application.parts;
    const jobs = [await drawn(await newPhoto()), await drawn(await newPhoto()), await drawn(await newPhoto())];
    const bytes = await records.retention.storedBytes();
    expect(await sweepIn(0, { age: null, bytes })).toMatchObject({ jobs: 0 });
    expect(await sweepIn(0, { age: null, bytes: bytes - 1 })).toMatchObject({ jobs: 1 });
    expect(await records.findJob('default', jobs[0]!)).toBeNull();
    expect(await records.findJob('default', jobs[1]!)).not.toBeNull();
    expect(await sweepIn(0, { age: null, bytes: 0 })).toMatchObject({ jobs: 2 });
    expect(await records.retention.storedBytes()).toBe(0);
  });

  it('stops where it is told to, and the next one goes on', async () => {
    for (let i = 0; i < 3; i += 1) await drawn(await newPhoto());
    const stopping = new AbortController();
    const { records, store, log } = application.parts;
    const stoppingStore = { ...store, deleteAll: (prefix: string) => (stopping.abort(), store.deleteAll(prefix)) };
    const parts = { records, store: stoppingStore, log, clock: () => new Date(Date.now() + 31 * day) };
    expect(await sweep(parts, { age: 30 * day, bytes: null }, stopping.signal)).toMatchObject({ jobs: 1 });
    expect(await sweepIn(31 * day, { age: 30 * day, bytes: null })).toMatchObject({ jobs: 2 });
  });

  it('finds what no record knows, once a day, but for what may be on its way', async () => {
    const { store, records } = application.parts;
    const id = await drawn(await newPhoto());
    const kept = await stored();
    const orphans = [
      'tenants/default/generations/gen_gone/1/0.png',
      `tenants/default/generations/${id}/7/0.png`,
      `tenants/default/generations/${id}/checkpoints/1`,
      'tenants/default/inputs/unknown',
      'tenants/gone/uploads/unknown',
    ];
    const young = 'tenants/default/inputs/young';
    // The other cases have swept in what is the future by now.
    const today = 60 * day;
    for (const key of [...orphans, young]) await store.put(key, Buffer.from('x'), 'image/png');
    for (const key of [...orphans, ...kept]) touch(key, today - 2 * day);
    touch(young, today - day / 2);
    expect(await sweepIn(today, forever)).toMatchObject({ orphans: orphans.length });
    expect(await stored()).toEqual([...kept, young].toSorted());
    await store.put(orphans[0]!, Buffer.from('x'), 'image/png');
    touch(orphans[0]!, today - 2 * day);
    expect(await sweepIn(today + day / 2, forever)).toMatchObject({ orphans: 0 });
    await store.deleteAll('tenants/default/generations/gen_gone/');
    await store.delete(young);
    expect((await records.findJob('default', id))?.status).toBe('succeeded');
    await remove(`/v1/generations/${id}`);
  });
});

describe('jobs that are deleted together', () => {
  it('take along nothing of one that was queued again meanwhile', async () => {
    const { records, store } = application.parts;
    const jobs: { readonly tenant: string; readonly id: string }[] = [];
    for (let i = 0; i < 2; i += 1) {
      const job = { tenant: 'default', id: await submit(await newPhoto()) };
      await records.requestCancel(job.tenant, job.id);
      await store.put(checkpointKey({ ...job, attempt: 1 }), Buffer.from('latents'), 'application/octet-stream');
      jobs.push(job);
    }
    const [gone, again] = jobs as [(typeof jobs)[0], (typeof jobs)[0]];
    expect(await records.faults.retry(again.tenant, again.id)).not.toBeNull();
    expect(await deleteJobs({ records, store }, jobs)).toBe(1);
    expect(await records.findJob(again.tenant, again.id)).toMatchObject({ status: 'queued' });
    expect(await store.stat(checkpointKey({ ...again, attempt: 1 }))).not.toBeNull();
    expect(await store.stat(checkpointKey({ ...gone, attempt: 1 }))).toBeNull();
    await records.requestCancel(again.tenant, again.id);
  });
});

describe('training sets', () => {
  const send = async (bytes: number, total: number): Promise<string> => {
    const { app } = application;
    const made = await app.inject({ method: 'POST', url: '/v1/uploads?kind=set' });
    const { id } = made.json<{ id: string }>();
    const headers = { 'content-range': `bytes 0-${bytes - 1}/${total}` };
    const sent = await app.inject({ method: 'PUT', url: `/v1/uploads/${id}`, headers, payload: Buffer.alloc(bytes) });
    expect(sent.json()).toMatchObject({ received: bytes, whole: bytes === total });
    return id;
  };

  it('that are not whole go a day after their last byte, whole ones with their age, and their objects with them', async () => {
    const before = await stored();
    const [open, whole] = [await send(1000, 2000), await send(2000, 2000)];
    const of = async (id: string): Promise<number> => (await stored()).filter((key) => key.includes(id)).length;
    expect([await of(open), await of(whole)]).toEqual([1, 1]);
    expect(await sweepIn(0.9 * day, { age: 30 * day, bytes: null })).toMatchObject({ sets: 0 });
    expect(await sweepIn(1.1 * day, forever)).toMatchObject({ sets: 1, orphans: 0 });
    expect([await of(open), await of(whole)]).toEqual([0, 1]);
    expect(await sweepIn(31 * day, { age: 30 * day, bytes: null })).toMatchObject({ sets: 1 });
    expect((await stored()).filter((key) => key.includes('/sets/'))).toEqual(
      before.filter((key) => key.includes('/sets/')),
    );
  });
});

describe('the sweeper', () => {
  it('sweeps by its schedule, one at a time, and stops when it is closed', async () => {
    const id = await drawn(await newPhoto());
    const { records, store, log } = application.parts;
    let tick = (): void => {};
    const schedule = (callback: () => void) => {
      tick = callback;
      return () => (tick = () => {});
    };
    const parts = { records, store, log, clock: () => new Date(Date.now() + 31 * day) };
    const sweeper = startSweeper(parts, { age: 30 * day, bytes: null, schedule });
    expect(await records.findJob('default', id)).not.toBeNull();
    tick();
    tick();
    await expect.poll(() => records.findJob('default', id)).toBeNull();
    await sweeper.close();
  });
});

describe('a tenant that is erased', () => {
  const removeTicket = async (id: string): Promise<void> => await application.parts.queue.remove(id);

  it('has nothing left, in records or store', async () => {
    const waiting = await submit(await newPhoto());
    await drawn(await newPhoto());
    await upload(await newPhoto());
    const { records, store } = application.parts;
    expect(await eraseTenant({ records, store, removeTicket }, 'default')).toBe(2);
    expect(await stored()).toEqual([]);
    expect(await records.listJobs('default', { limit: 10 })).toEqual([]);
    expect(await records.findJob('default', waiting)).toBeNull();
    expect(await records.retention.storedBytes()).toBe(0);
  });

  it('is not while one of its jobs runs on', async () => {
    const id = await submit(await newPhoto());
    const { records, store } = application.parts;
    const { attempt } = (await records.startAttempt('default', id))!;
    await expect(eraseTenant({ records, store, removeTicket }, 'default', { patience: 0 })).rejects.toMatchObject({
      code: 'conflict',
    });
    await records.cancelAttempt(id, attempt);
    expect(await eraseTenant({ records, store, removeTicket }, 'default')).toBe(1);
  });
});

/** Makes an object look as if it had been stored so many milliseconds from now. */
function touch(key: string, ms: number): void {
  const time = new Date(Date.now() + ms);
  utimesSync(join(application.folder, 'objects', key), time, time);
}
