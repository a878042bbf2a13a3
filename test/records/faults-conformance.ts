import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deadAfter } from '../../src/generation/faults.ts';
import type { Job } from '../../src/generation/job.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { newJob, result } from './conformance.ts';

const lost = { code: 'device_lost', detail: 'The device process ended.' } as const;
const full = { code: 'storage_full', detail: 'There is no room.' } as const;

/** What every place of records must know of attempts that went wrong. */
export function faultsConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`faults over ${name}`, () => {
    let records: Records;
    let tenants = 0;
    const freshTenant = (): string => `faulty_${(tenants += 1)}`;
    const start = async ({ tenant, id }: Pick<Job, 'tenant' | 'id'>) => (await records.startAttempt(tenant, id))!;
    const started = async (tenant = freshTenant()) => await start(await records.insertJob(newJob(tenant)));
    const kill = async (tenant = freshTenant()): Promise<Job> => {
      let job = await started(tenant);
      for (let strike = 1; strike < deadAfter.strike; strike += 1) {
        await records.faults.note(job.id, job.attempt, 'strike', lost);
        job = await start(job);
      }
      return (await records.faults.note(job.id, job.attempt, 'strike', lost))!;
    };

    beforeAll(async () => {
      ({ records } = await open());
    });
    afterAll(() => records.close());

    it('a strike gives the job back, and is remembered', async () => {
      const job = await started();
      await records.reportProgress(job.id, 1, { step: 3, steps: 20, share: 0.15 });
      const struck = await records.faults.note(job.id, 1, 'strike', lost);
      expect(struck).toMatchObject({
        status: 'queued',
        strikes: 1,
        losses: 0,
        lastFault: lost,
        error: null,
        dead: false,
      });
      expect(struck).toMatchObject({ progress: null, startedAt: null, finishedAt: null });
      const [event] = (await records.eventsAfter(job.id, 0)).slice(-1);
      expect(event).toMatchObject({ type: 'queued', data: { attempt: 1, fault: 'strike', reason: lost } });
      expect(await start(job)).toMatchObject({ status: 'running', attempt: 2, strikes: 1, lastFault: lost });
    });

    it('with the third strike it is dead', async () => {
      const job = await kill();
      expect(job).toMatchObject({ status: 'failed', attempt: 3, strikes: 3, error: lost, dead: true });
      expect(job.finishedAt).toBeInstanceOf(Date);
      expect(await records.startAttempt(job.tenant, job.id)).toBeNull();
      const types = (await records.eventsAfter(job.id, 0)).map(({ type }) => type);
      expect(types).toEqual(['queued', 'started', 'queued', 'started', 'queued', 'started', 'failed']);
    });

    it('losses are counted apart from strikes, and so are attempts whose worker died', async () => {
      const job = await started();
      await records.faults.note(job.id, 1, 'loss', full);
      expect(await start(job)).toMatchObject({ attempt: 2, losses: 1, strikes: 0, lastFault: full });
      const again = await start(job);
      expect(again).toMatchObject({ attempt: 3, losses: 2, strikes: 0, lastFault: { code: 'worker_lost' } });
    });

    it('handing an attempt back is no fault', async () => {
      const job = await started();
      await records.releaseAttempt(job.id, 1, { code: 'cancelled', detail: 'The worker stops.' });
      expect(await start(job)).toMatchObject({ attempt: 2, losses: 0, strikes: 0, lastFault: null });
    });

    it(`a job that loses ${deadAfter.loss} workers is dead`, async () => {
      const job = await started();
      for (let loss = 1; loss < deadAfter.loss; loss += 1) expect(await start(job)).toMatchObject({ losses: loss });
      expect(await records.startAttempt(job.tenant, job.id)).toBeNull();
      expect(await records.findJob(job.tenant, job.id)).toMatchObject({
        status: 'failed',
        attempt: deadAfter.loss,
        dead: true,
        error: { code: 'worker_lost' },
      });
    });

    it('a stale attempt notes nothing', async () => {
      const job = await started();
      const second = await start(job);
      expect(await records.faults.note(job.id, 1, 'strike', lost)).toBeNull();
      expect(await records.faults.noteCheckpoint(job.id, 1, { attempt: 1, step: 9 })).toBe(false);
      expect(await records.findJob(job.tenant, job.id)).toEqual(second);
    });

    it('a checkpoint stays with the job from attempt to attempt', async () => {
      const job = await started();
      expect(await records.faults.noteCheckpoint(job.id, 1, { attempt: 1, step: 9 })).toBe(true);
      await records.faults.note(job.id, 1, 'strike', lost);
      expect(await start(job)).toMatchObject({ attempt: 2, checkpoint: { attempt: 1, step: 9 } });
    });

    it('lists the dead of a tenant, or of all, newest first and by pages', async () => {
      const tenant = freshTenant();
      const ids = [(await kill(tenant)).id, (await kill(tenant)).id, (await kill(tenant)).id].toReversed();
      const other = await kill();
      const page = async (of: string | null, before?: string) =>
        (await records.faults.deadJobs(of, { limit: 2, ...(before === undefined ? {} : { before }) })).map(
          ({ id }) => id,
        );
      expect(await page(tenant)).toEqual(ids.slice(0, 2));
      expect(await page(tenant, ids[1])).toEqual(ids.slice(2));
      expect(await page(null)).toEqual([other.id, ids[0]]);
      const failed = await started(tenant);
      await records.failAttempt(failed.id, 1, { code: 'blank_map', detail: 'Nothing.' });
      expect(await page(tenant)).not.toContain(failed.id);
    });

    it('a retried job starts with a clean slate, and its attempts count on', async () => {
      const dead = await kill();
      expect(await records.faults.retry('another', dead.id)).toBeNull();
      const job = await records.faults.retry(dead.tenant, dead.id);
      expect(job).toMatchObject({ status: 'queued', strikes: 0, losses: 0, dead: false, error: null, lastFault: null });
      expect(job).toMatchObject({ attempt: 3, finishedAt: null, cancelRequested: false });
      expect(await records.faults.retry(dead.tenant, dead.id)).toBeNull();
      const again = await start(dead);
      expect(again.attempt).toBe(4);
      expect(await records.commitResult(dead.id, 4, result)).toBe(true);
    });

    it('so does one that was cancelled', async () => {
      const job = await started();
      await records.requestCancel(job.tenant, job.id);
      await records.cancelAttempt(job.id, 1);
      expect(await records.faults.retry(job.tenant, job.id)).toMatchObject({
        status: 'queued',
        cancelRequested: false,
      });
      expect(await start(job)).toMatchObject({ attempt: 2, status: 'running' });
    });

    it('replays the oldest dead jobs of a tenant, each once', async () => {
      const tenant = freshTenant();
      const ids = [(await kill(tenant)).id, (await kill(tenant)).id, (await kill(tenant)).id];
      const other = await kill();
      const replay = async (limit: number) => {
        const oldest = await records.faults.oldestDead(tenant, limit);
        return await records.faults.retryDead(oldest.map(({ id }) => id));
      };
      const first = await replay(2);
      expect(first.toSorted()).toEqual(ids.slice(0, 2));
      const together = await Promise.all([replay(10), replay(10)]);
      expect(together.flat()).toEqual(ids.slice(2));
      expect((await records.findJob(other.tenant, other.id))?.dead).toBe(true);
    });
  });
}
