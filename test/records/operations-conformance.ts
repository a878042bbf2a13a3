import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { costOfDrawing } from '../../src/generation/cost.ts';
import { newJob, result } from './conformance.ts';
import { drawing } from './scheduling-conformance.ts';

/** What records tell those who run the service. Other tests may have left jobs in them: only differences count. */
export function operationsConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`operations over ${name}`, () => {
    let records: Records;
    beforeAll(async () => {
      ({ records } = await open());
    });
    afterAll(() => records.close());

    const worker = {
      host: 'node-1',
      pid: 7,
      version: '1.2.3',
      deviceState: 'starting',
      deviceDetail: 'It starts.',
      loaded: [] as string[],
    };
    const failed = async (tenant: string) => {
      const job = await records.insertJob(newJob(tenant));
      await records.startAttempt(tenant, job.id);
      await records.failAttempt(job.id, 1, { code: 'out_of_memory', detail: 'Too large.' });
      return job;
    };

    it('knows the workers that live, by what they said last', async () => {
      await records.workers.sign({ ...worker, id: 'wrk_1' });
      await records.workers.sign({ ...worker, id: 'wrk_2', deviceState: 'failed', loaded: ['a', 'b-c.d'] });
      await records.workers.sign({ ...worker, id: 'wrk_1', deviceState: 'ready', deviceDetail: 'cpu' });
      const alive = await records.workers.alive();
      expect(alive).toMatchObject([
        { ...worker, id: 'wrk_1', deviceState: 'ready', deviceDetail: 'cpu' },
        { ...worker, id: 'wrk_2', deviceState: 'failed', loaded: ['a', 'b-c.d'] },
      ]);
      expect(alive[0]!.seenAt.getTime()).toBeGreaterThanOrEqual(alive[0]!.startedAt.getTime());
      await records.workers.leave('wrk_1');
      await records.workers.leave('wrk_2');
      expect(await records.workers.alive()).toEqual([]);
    });

    it('counts what waits and runs, and since when', async () => {
      const before = await records.overview.queue();
      const first = await records.insertJob(newJob('watched'));
      const second = await records.insertJob(newJob('watched'));
      await records.startAttempt('watched', second.id);
      const after = await records.overview.queue();
      expect([after.waiting - before.waiting, after.running - before.running]).toEqual([1, 1]);
      expect(after.oldestQueuedAt).toEqual(before.oldestQueuedAt ?? first.createdAt);
      const tenants = await records.overview.tenants(1000);
      expect(tenants.find(({ tenant }) => tenant === 'watched')).toEqual({
        tenant: 'watched',
        waiting: 1,
        dispatched: 0,
        running: 1,
      });
      expect(await records.overview.tenants(1)).toHaveLength(1);
      await records.requestCancel('watched', first.id);
      await records.cancelAttempt(second.id, 1);
    });

    it('counts what ended lately, and why it failed', async () => {
      const before = await records.overview.finished(5);
      const done = await records.insertJob(newJob('watched'));
      await records.startAttempt('watched', done.id);
      await records.commitResult(done.id, 1, result);
      await failed('watched');
      const last = await failed('watched');
      const after = await records.overview.finished(5);
      expect((after.succeeded ?? 0) - (before.succeeded ?? 0)).toBe(1);
      expect((after.failed ?? 0) - (before.failed ?? 0)).toBe(2);
      const failures = await records.overview.failures(5);
      const found = failures.find(({ code }) => code === 'out_of_memory');
      expect(found).toMatchObject({ count: 2, lastJob: last.id });
      expect(found!.lastAt).toBeInstanceOf(Date);
    });

    it('knows what was drawn last, by its cost and time', async () => {
      const done = await records.insertJob(newJob('watched', { plan: drawing(320) }));
      await records.startAttempt('watched', done.id);
      await records.commitResult(done.id, 1, result);
      const { startedAt, finishedAt } = (await records.findJob('watched', done.id))!;
      expect(await records.overview.lastDrawn(1)).toEqual([
        { cost: costOfDrawing(drawing(320)), startedAt, finishedAt },
      ]);
    });

    it('keeps the trace to which a job belongs', async () => {
      const traceParent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
      const { id } = await records.insertJob(newJob('watched', { traceParent }));
      expect(await records.findJob('watched', id)).toMatchObject({ traceParent });
    });
  });
}
