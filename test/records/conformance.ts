import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobResult } from '../../src/generation/job.ts';
import type { ExtractionPlan } from '../../src/generation/kinds/extraction/plan.ts';
import { newJobId, newUploadId } from '../../src/records/schema/ids.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import type { NewJob } from '../../src/records/jobs/new-job.ts';
import type { Upload } from '../../src/records/pictures/uploads.ts';

const plan: ExtractionPlan = {
  kind: 'extraction',
  condition: 'canny',
  image: { key: 'tenants/default/uploads/a', sha256: '00' },
  options: { low: 100, high: 200 },
  resolution: null,
  strict: false,
  output: { format: 'png', quality: 90 },
};

export const result: JobResult = {
  outputs: [],
  maps: [],
  warnings: ['the map is blank'],
  timings: { wait: 1, prepare: 2, draw: 3, store: 4 },
  meanBatch: 1.5,
};

const lost = { code: 'device_lost', detail: 'The device process ended.' } as const;

export function newJob(tenant = 'default', given: Partial<NewJob> = {}): NewJob {
  return { id: newJobId(), tenant, plan, warnings: [], metadata: null, priority: 5, ...given };
}

/** What every place of records must do. `open` is called once; each case works with tenants and jobs of its own. */
export function recordsConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`records over ${name}`, () => {
    let records: Records;
    let tenants = 0;
    const freshTenant = (): string => `tenant_${(tenants += 1)}`;
    const insert = (given: Partial<NewJob> = {}) => records.insertJob(newJob(freshTenant(), given));
    const started = async () => {
      const { tenant, id } = await insert();
      return (await records.startAttempt(tenant, id))!;
    };
    const eventTypes = async (id: string) => (await records.eventsAfter(id, 0)).map((event) => event.type);

    beforeAll(async () => {
      ({ records } = await open());
    });
    afterAll(() => records.close());

    it('keeps an accepted job as it was given', async () => {
      const given = newJob(freshTenant(), { warnings: ['a "quoted" remark'], metadata: { nested: [1, { a: null }] } });
      const job = await records.insertJob(given);
      expect(job).toMatchObject({ ...given, status: 'queued', attempt: 0, progress: null, result: null, error: null });
      expect(job.createdAt).toBeInstanceOf(Date);
      expect(await records.findJob(given.tenant, given.id)).toEqual(job);
    });

    it('keeps the door of a job, which is our own where none is given', async () => {
      expect((await insert()).door).toEqual({ dialect: 'armature', externalId: null });
      const door = { dialect: 'another', externalId: 'a name\u2028' };
      const { tenant, id } = await insert({ door });
      await records.startAttempt(tenant, id);
      await records.commitResult(id, 1, result);
      expect((await records.findJob(tenant, id))!.door).toEqual(door);
      expect((await records.listJobs(tenant, { limit: 1 }))[0]!.door).toEqual(door);
    });

    it('finds the newest job of a name, of its own tenant and dialect', async () => {
      const tenant = freshTenant();
      const named = async (dialect: string, externalId: string | null) =>
        (await records.insertJob(newJob(tenant, { door: { dialect, externalId } }))).id;
      const found = async (...by: readonly [string, string, string]) => (await records.findJobByName(...by))?.id;
      await named('another', 'x');
      const newest = await named('another', 'x');
      const other = await named('a third', 'x');
      await named('another', null);
      expect(await found(tenant, 'another', 'x')).toBe(newest);
      expect(await found(tenant, 'a third', 'x')).toBe(other);
      expect(await found(tenant, 'another', 'X')).toBeUndefined();
      expect(await found(freshTenant(), 'another', 'x')).toBeUndefined();
    });

    it('answers with the database', async () => {
      await expect(records.ping()).resolves.toBeUndefined();
    });

    it('shows a job to its own tenant only', async () => {
      const job = await insert();
      expect(await records.findJob('another', job.id)).toBeNull();
      expect(await records.startAttempt('another', job.id)).toBeNull();
      expect(await records.requestCancel('another', job.id)).toBeNull();
      expect(await records.deleteJob('another', job.id)).toBe(false);
      expect(await records.listJobs('another', { limit: 10 })).toEqual([]);
    });

    it('answers each of many that ask at once, whoever they are, and refuses alone what cannot be written', async () => {
      const taken = await insert();
      const jobs = Array.from({ length: 12 }, (_, index) => newJob(freshTenant(), { metadata: { index } }));
      const written = jobs.map(async (job) => await records.insertJob(job));
      await expect(records.insertJob({ ...newJob(freshTenant()), id: taken.id })).rejects.toThrow(/duplicate key/);
      expect((await Promise.all(written)).map(({ id }) => id)).toEqual(jobs.map(({ id }) => id));
      const own = await Promise.all(jobs.map(({ tenant, id }) => records.findJob(tenant, id)));
      expect(own.map((job) => job?.metadata)).toEqual(jobs.map(({ metadata }) => metadata));
      const others = await Promise.all(jobs.map(({ tenant }) => records.findJob(tenant, taken.id)));
      expect(others).toEqual(jobs.map(() => null));
      expect(await Promise.all(jobs.map(({ id }) => eventTypes(id)))).toEqual(jobs.map(() => ['queued']));
    });

    it('runs and succeeds', async () => {
      const job = await started();
      expect(job).toMatchObject({ status: 'running', attempt: 1 });
      expect(job.startedAt).toBeInstanceOf(Date);
      expect(await records.commitResult(job.id, 1, result)).toBe(true);
      const done = await records.findJob(job.tenant, job.id);
      expect(done).toMatchObject({ status: 'succeeded', attempt: 1, result, error: null });
      expect(done!.finishedAt).toBeInstanceOf(Date);
    });

    it('numbers the events of a job from 1 without a gap', async () => {
      const job = await started();
      await records.commitResult(job.id, 1, result);
      const events = await records.eventsAfter(job.id, 0);
      expect(events.map(({ seq, type, data }) => ({ seq, type, data }))).toEqual([
        { seq: 1, type: 'queued', data: { attempt: 0 } },
        { seq: 2, type: 'started', data: { attempt: 1 } },
        { seq: 3, type: 'succeeded', data: { attempt: 1 } },
      ]);
      expect((await records.eventsAfter(job.id, 2)).map((event) => event.seq)).toEqual([3]);
    });

    it('fails with its error', async () => {
      const job = await started();
      expect(await records.failAttempt(job.id, 1, lost)).toBe(true);
      expect(await records.findJob(job.tenant, job.id)).toMatchObject({ status: 'failed', error: lost, result: null });
      expect((await records.eventsAfter(job.id, 2))[0]).toMatchObject({ type: 'failed', data: { error: lost } });
    });

    it('goes back to the queue and runs again under the next attempt', async () => {
      const job = await started();
      await records.reportProgress(job.id, 1, { step: 3, steps: 20, share: 0.15 });
      expect(await records.releaseAttempt(job.id, 1, lost)).toBe(true);
      const waiting = await records.findJob(job.tenant, job.id);
      expect(waiting).toMatchObject({ status: 'queued', attempt: 1, progress: null, startedAt: null });
      expect(await records.startAttempt(job.tenant, job.id)).toMatchObject({ status: 'running', attempt: 2 });
      expect(await eventTypes(job.id)).toEqual(['queued', 'started', 'progress', 'queued', 'started']);
    });

    it('lets a stale attempt change nothing', async () => {
      const { tenant, id } = await started();
      await records.startAttempt(tenant, id);
      const before = await records.findJob(tenant, id);
      const events = await records.eventsAfter(id, 0);
      expect(await records.commitResult(id, 1, result)).toBe(false);
      expect(await records.failAttempt(id, 1, lost)).toBe(false);
      expect(await records.releaseAttempt(id, 1, lost)).toBe(false);
      expect(await records.cancelAttempt(id, 1)).toBe(false);
      expect(await records.reportProgress(id, 1, { step: 1, steps: 2, share: 0.5 })).toBe(false);
      expect(await records.findJob(tenant, id)).toEqual(before);
      expect(await records.eventsAfter(id, 0)).toEqual(events);
      expect(await records.commitResult(id, 2, result)).toBe(true);
    });

    it('lets nothing change a final job', async () => {
      const { tenant, id } = await started();
      await records.commitResult(id, 1, result);
      const { length } = await records.eventsAfter(id, 0);
      // It may ask whether it has committed: the answer may have got lost.
      expect(await records.commitResult(id, 1, { ...result, warnings: [] })).toBe(true);
      expect(await records.findJob(tenant, id)).toMatchObject({ result });
      expect(await records.eventsAfter(id, 0)).toHaveLength(length);
      expect(await records.failAttempt(id, 1, lost)).toBe(false);
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await records.requestCancel(tenant, id)).toMatchObject({ status: 'succeeded', cancelRequested: false });
    });

    it('gives every one of several starters an attempt of its own', async () => {
      const { tenant, id } = await insert();
      const attempts = await Promise.all(Array.from({ length: 8 }, () => records.startAttempt(tenant, id)));
      expect(attempts.map((job) => job!.attempt).toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      const commits = await Promise.all(attempts.map((job) => records.commitResult(id, job!.attempt, result)));
      expect(commits.filter(Boolean)).toHaveLength(1);
      expect((await records.eventsAfter(id, 0)).map((event) => event.seq)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    });

    it('keeps the last progress only, under a growing number', async () => {
      const { tenant, id } = await started();
      for (let step = 1; step <= 5; step += 1) {
        expect(await records.reportProgress(id, 1, { step, steps: 20, share: step / 20 })).toBe(true);
      }
      expect(await records.findJob(tenant, id)).toMatchObject({ progress: { step: 5, steps: 20 } });
      const [event, ...rest] = await records.eventsAfter(id, 2);
      expect(event).toMatchObject({ seq: 7, type: 'progress', data: { attempt: 1, step: 5, steps: 20 } });
      expect(rest).toEqual([]);
    });

    it('cancels a queued job at once', async () => {
      const { tenant, id } = await insert();
      const job = await records.requestCancel(tenant, id);
      expect(job).toMatchObject({ status: 'cancelled', cancelRequested: true });
      expect(job!.finishedAt).toBeInstanceOf(Date);
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await eventTypes(id)).toEqual(['queued', 'cancelled']);
    });

    it('flags a running job, and its worker cancels it', async () => {
      const job = await started();
      const other = await started();
      for (let time = 0; time < 2; time += 1) {
        expect(await records.requestCancel(job.tenant, job.id)).toMatchObject({
          status: 'running',
          cancelRequested: true,
        });
      }
      expect(await records.cancelRequested([job.id, other.id])).toEqual(new Set([job.id]));
      expect(await records.cancelRequested([])).toEqual(new Set());
      expect(await records.cancelAttempt(job.id, 1)).toBe(true);
      expect(await eventTypes(job.id)).toEqual(['queued', 'started', 'cancelled']);
    });

    it('pauses a job that waits at once and one that runs when its worker says so, until it is resumed', async () => {
      const { tenant, id } = await insert();
      expect(await records.requestStop(tenant, id)).toBeNull();
      expect(await records.requestPause('another', id)).toBeNull();
      expect(await records.requestPause(tenant, id)).toMatchObject({ status: 'paused', finishedAt: null });
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await records.requestPause(tenant, id)).toBeNull();
      expect(await records.requestStop(tenant, id)).toBeNull();
      expect(await records.resume(tenant, id)).toMatchObject({ status: 'queued' });
      expect(await records.resume(tenant, id)).toBeNull();
      expect(await records.startAttempt(tenant, id)).toMatchObject({ attempt: 1 });
      expect(await records.requestPause(tenant, id)).toMatchObject({ status: 'running' });
      expect(await records.wishes([id])).toEqual(new Map([[id, 'pause']]));
      expect(await records.pauseAttempt(id, 2)).toBeNull();
      expect(await records.pauseAttempt(id, 1)).toBe('paused');
      expect(await records.wishes([id])).toEqual(new Map());
      await records.resume(tenant, id);
      await records.startAttempt(tenant, id);
      expect(await records.requestStop(tenant, id)).toMatchObject({ status: 'running' });
      expect(await records.wishes([id])).toEqual(new Map([[id, 'stop']]));
      const round = ['queued', 'started', 'paused'];
      expect(await eventTypes(id)).toEqual(['queued', 'paused', ...round, 'queued', 'started']);
    });

    it('pauses a job that was asked to where its attempt was lost, or given back, before it did', async () => {
      const { tenant, id } = await started();
      await records.requestPause(tenant, id);
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await records.findJob(tenant, id)).toMatchObject({ status: 'paused', attempt: 1, losses: 1 });
      await records.resume(tenant, id);
      expect(await records.startAttempt(tenant, id)).toMatchObject({ attempt: 2 });
      await records.requestPause(tenant, id);
      await records.releaseAttempt(id, 2, { code: 'unavailable', detail: 'The worker stops.' });
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await records.findJob(tenant, id)).toMatchObject({ status: 'paused', attempt: 2, startedAt: null });
    });

    it('does what is asked for last of a job that is being paused', async () => {
      const { tenant, id } = await started();
      await records.requestPause(tenant, id);
      expect(await records.resume(tenant, id)).toMatchObject({ status: 'running' });
      expect(await records.wishes([id])).toEqual(new Map());
      expect(await records.resume(tenant, id)).toBeNull();
      expect(await records.pauseAttempt(id, 1)).toBe('queued');
      await records.startAttempt(tenant, id);
      await records.requestPause(tenant, id);
      await records.requestStop(tenant, id);
      expect(await records.pauseAttempt(id, 2)).toBe('queued');
      await records.startAttempt(tenant, id);
      expect(await records.wishes([id])).toEqual(new Map([[id, 'stop']]));
      await records.requestPause(tenant, id);
      await records.releaseAttempt(id, 3, { code: 'unavailable', detail: 'The worker stops.' });
      expect(await records.resume(tenant, id)).toMatchObject({ status: 'queued' });
      expect(await records.startAttempt(tenant, id)).toMatchObject({ attempt: 4 });
      await records.requestPause(tenant, id);
      await records.requestCancel(tenant, id);
      expect(await records.resume(tenant, id)).toBeNull();
      expect(await records.pauseAttempt(id, 4)).toBe('cancelled');
      const job = await records.findJob(tenant, id);
      expect(job?.finishedAt).not.toBeNull();
      expect(await eventTypes(id)).not.toContain('paused');
    });

    it('cancels and deletes a paused job', async () => {
      const [one, other] = [await insert(), await insert()];
      for (const { tenant, id } of [one, other]) await records.requestPause(tenant, id);
      expect(await records.requestCancel(one.tenant, one.id)).toMatchObject({ status: 'cancelled' });
      expect(await records.resume(one.tenant, one.id)).toBeNull();
      expect(await records.deleteJob(other.tenant, other.id)).toBe(true);
    });

    it('cancels a flagged job whose attempt was lost instead of starting it again', async () => {
      const { tenant, id } = await started();
      await records.requestCancel(tenant, id);
      expect(await records.startAttempt(tenant, id)).toBeNull();
      expect(await records.findJob(tenant, id)).toMatchObject({ status: 'cancelled', attempt: 1 });
      expect(await eventTypes(id)).toEqual(['queued', 'started', 'cancelled']);
    });

    it('lists the jobs of a tenant newest first, by pages and by status', async () => {
      const tenant = freshTenant();
      const ids: string[] = [];
      for (let index = 0; index < 5; index += 1) {
        ids.unshift((await records.insertJob(newJob(tenant))).id);
      }
      const page = async (query: Parameters<Records['listJobs']>[1]) =>
        (await records.listJobs(tenant, query)).map((job) => job.id);
      expect(await page({ limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await page({ limit: 2, before: ids[1]! })).toEqual(ids.slice(2, 4));
      expect(await page({ limit: 2, before: ids[3]! })).toEqual(ids.slice(4));
      await records.startAttempt(tenant, ids[3]!);
      expect(await page({ limit: 9, status: 'running' })).toEqual([ids[3]]);
      expect(await page({ limit: 9, status: 'queued', before: ids[2]! })).toEqual([ids[4]]);
    });

    it('pages through running jobs, oldest first', async () => {
      await insert();
      const running = [await started(), await started(), await started()];
      const [first, second, third] = running.map(({ tenant, id }) => ({ tenant, id }));
      expect((await records.runningJobs(null, 1000)).slice(-3)).toEqual([first, second, third]);
      expect(await records.runningJobs(first!.id, 1)).toEqual([second]);
    });

    it('deletes a final job with its events, and no other', async () => {
      const { tenant, id } = await started();
      expect(await records.deleteJob(tenant, id)).toBe(false);
      await records.commitResult(id, 1, result);
      expect(await records.deleteJob(tenant, id)).toBe(true);
      expect(await records.findJob(tenant, id)).toBeNull();
      expect(await records.eventsAfter(id, 0)).toEqual([]);
      expect(await records.deleteJob(tenant, id)).toBe(false);
    });

    it('tells a listener of every change until it is taken back', async () => {
      const job = newJob(freshTenant());
      const seen: string[] = [];
      const stop = records.onChange((id) => seen.push(id));
      const heard = (): Promise<void> =>
        new Promise((resolve) => {
          const off = records.onChange((id) => {
            if (id === job.id) {
              off();
              resolve();
            }
          });
        });
      const steps: (() => Promise<unknown>)[] = [
        () => records.insertJob(job),
        () => records.startAttempt(job.tenant, job.id),
        () => records.reportProgress(job.id, 1, { step: 1, steps: 2, share: 0.5 }),
        () => records.requestCancel(job.tenant, job.id),
        () => records.cancelAttempt(job.id, 1),
        () => records.deleteJob(job.tenant, job.id),
      ];
      for (const step of steps) {
        const notice = heard();
        await step();
        await notice;
      }
      expect(seen.filter((id) => id === job.id)).toHaveLength(steps.length);
      stop();
      const unheard = seen.length;
      const notice = heard();
      await records.insertJob(job);
      await notice;
      expect(seen).toHaveLength(unheard);
    });

    it('knows an upload again by its content', async () => {
      const upload: Upload = {
        id: newUploadId(),
        tenant: freshTenant(),
        picture: { key: 'tenants/t/uploads/abc', sha256: 'abc' },
        contentType: 'image/png',
        bytes: 12,
        width: 3,
        height: 4,
        createdAt: new Date('2026-01-02T03:04:05.678Z'),
      };
      expect(await records.insertUpload(upload)).toEqual(upload);
      expect(await records.insertUpload({ ...upload, id: newUploadId() })).toEqual(upload);
      expect(await records.findUpload(upload.tenant, upload.id)).toEqual(upload);
      expect(await records.findUpload('another', upload.id)).toBeNull();
      const elsewhere = { ...upload, id: newUploadId(), tenant: 'another' };
      expect(await records.insertUpload(elsewhere)).toEqual(elsewhere);
    });
  });
}
