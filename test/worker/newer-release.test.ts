import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { snapshotVersion } from '../../src/records/schema/rows.ts';
import { openQueue } from '../../src/queue/open.ts';
import type { JobQueue } from '../../src/queue/queue.ts';
import { openRecords, type OpenRecords } from '../../src/records/open.ts';
import { eraseTenant } from '../../src/retention/erase-tenant.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import type { WorkerParts } from '../../src/worker/parts.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { newBatchId } from '../../src/records/schema/ids.ts';
import { freshName, quickTimes } from '../queue/conformance.ts';
import { newJob } from '../records/conformance.ts';
import { newDataFolder } from '../support/embedded-template.ts';

const refused = expect.objectContaining({ code: 'newer_release' });

/** A release whose database this one can read, but not all that is in it. */
describe('a job that a newer release wrote', () => {
  let opened: OpenRecords;
  let queue: JobQueue;
  beforeAll(async () => {
    opened = await openRecords({ dataFolder: await newDataFolder() });
    queue = await openQueue(opened.queueEngine(), { name: freshName(), ...quickTimes });
  });
  afterAll(async () => {
    await queue.close();
    await opened.records.close();
  });

  async function insert({ webhook = false } = {}): Promise<{ readonly tenant: string; readonly id: string }> {
    const events = ['succeeded', 'failed', 'cancelled'] as const;
    const receiver = { url: 'https://a.example/', host: 'a.example:443', secret: null, events };
    const job = await opened.records.insertJob({ ...newJob(), webhook: webhook ? receiver : null });
    await query(`update armature.job set plan = plan || '{"version": 1000}' where id = '${job.id}'`);
    return job;
  }
  async function endBatch(): Promise<string> {
    const host = 'b.example:443';
    const webhook = { url: 'https://b.example/', host, secret: null, events: ['cancelled'] as const };
    const batch = { id: newBatchId(), tenant: 'default', name: null, metadata: null, axes: null, webhook };
    const { plan, warnings, metadata, priority, id } = newJob();
    await opened.records.batches.insert(batch, [{ id, plan, warnings, metadata, priority }]);
    await opened.records.requestCancel('default', id);
    return batch.id;
  }
  const query = async (text: string) => (await opened.queueEngine().pool.query(text)).rows;
  const rowOf = async (id: string) =>
    (await query(`select status, attempt, started_at, losses, strikes from armature.job where id = '${id}'`))[0];

  it('is not shown, and whoever asks for it is told why', async () => {
    const { tenant, id } = await insert();
    await expect(opened.records.findJob(tenant, id)).rejects.toThrow(refused);
    await expect(opened.records.listJobs(tenant, { limit: 5 })).rejects.toThrow(refused);
  });

  it('is nothing to those who ask for other jobs at the same time, nor to other tenants', async () => {
    const [newer, known] = [await insert(), await opened.records.insertJob(newJob())];
    const { records } = opened;
    const asked = [
      records.findJob(known.tenant, known.id),
      records.findJob(newer.tenant, newer.id),
      records.findJob('somebody else', newer.id),
    ];
    const [found, unread, others] = await Promise.allSettled(asked);
    expect(found).toMatchObject({ value: { id: known.id } });
    expect(unread).toEqual({ status: 'rejected', reason: refused });
    expect(others).toMatchObject({ value: null });
  });

  it('is cancelled and deleted as others are', async () => {
    const { tenant, id } = await insert();
    await expect(opened.records.requestCancel(tenant, id)).rejects.toThrow(refused);
    expect(await rowOf(id)).toMatchObject({ status: 'cancelled' });
    expect(await opened.records.deleteJob(tenant, id)).toBe(true);
  });

  it('is erased with all that is of its tenant', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'armature-newer-'));
    const parts = { records: opened.records, store: await openFileStore(folder), removeTicket: async () => {} };
    const job = await opened.records.insertJob({ ...newJob(), tenant: 'leaving' });
    await query(`update armature.job set plan = plan || '{"version": 1000}' where id = '${job.id}'`);
    expect(await eraseTenant(parts, 'leaving')).toBe(1);
    expect(await rowOf(job.id)).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  it('is replayed with other dead jobs', async () => {
    const { id } = await insert();
    await query(`update armature.job set status = 'failed', dead = true where id = '${id}'`);
    expect(await opened.records.faults.retryDead([id])).toEqual([id]);
    expect(await rowOf(id)).toMatchObject({ status: 'queued' });
  });

  it('is queued again by a worker, and that is no fault of it', async () => {
    const { tenant, id } = await insert();
    const given = new Promise<object>((told) => {
      const log = {
        info: () => {},
        error: () => {},
        warn: (facts: object, message: string) => told({ facts, message }),
      };
      // It never comes to the other parts.
      const parts = { records: opened.records, queue, log } as unknown as WorkerParts;
      void startWorker(parts, { concurrency: 1, checkpointEveryMs: null });
    });
    await queue.enqueueAll([{ tenant, id, priority: 5 }]);
    expect(await given).toEqual({
      facts: { job: id, tenant, code: 'newer_release' },
      message: expect.stringMatching(/^given back: A newer release wrote this plan: .* Run the newer release\.$/),
    });
    expect(await rowOf(id)).toEqual({ status: 'queued', attempt: 1, started_at: null, losses: 0, strikes: 0 });
    expect(await queue.holds(id)).toBe(true);
  });

  it('keeps its event for a process of that release; other events are not held up by it', async () => {
    const { webhooks } = opened.records;
    const [newer, known] = [await insert({ webhook: true }), await insert({ webhook: true })];
    await query(`update armature.job set plan = plan - 'version' where id = '${known.id}'`);
    await expect(opened.records.requestCancel(newer.tenant, newer.id)).rejects.toThrow(refused);
    await opened.records.requestCancel(known.tenant, known.id);
    const later = await insert({ webhook: true });
    await query(`update armature.job set plan = plan - 'version' where id = '${later.id}'`);
    await opened.records.requestCancel(later.tenant, later.id);
    const of = (id: string) => `from armature.webhook_delivery where job_id = '${id}'`;
    expect(await query(`select snapshot->'version' as version ${of(later.id)}`)).toEqual([
      { version: snapshotVersion },
    ]);
    await query(
      `update armature.webhook_delivery set snapshot = snapshot || '{"version": ${snapshotVersion + 1}}' where job_id = '${later.id}'`,
    );
    const batch = await endBatch();
    const ofBatch = `from armature.webhook_delivery where batch_id = '${batch}'`;
    expect(await query(`select snapshot->'version' as version ${ofBatch}`)).toEqual([{ version: 2 }]);
    // One of each host is claimed at a time, the oldest first.
    const claim = async () => {
      const now = new Date(Date.now() + 1000);
      const claimed = await webhooks.claimDue(now, new Date(now.getTime() + 60_000), [], 10);
      return claimed.flatMap(({ jobId }) => jobId ?? []);
    };
    expect([...(await claim()), ...(await claim()), ...(await claim())]).toEqual([known.id]);
    for (const { id } of [newer, later]) {
      expect(await webhooks.ofJob(id)).toMatchObject([{ status: 'pending', attempts: 0 }]);
    }
  });

  it('reads what an older release wrote of a job: its door where it is known, else our own', async () => {
    const [first, second] = [await insert({ webhook: true }), await insert({ webhook: true })];
    for (const { tenant, id } of [first, second]) {
      await query(`update armature.job set plan = plan - 'version' where id = '${id}'`);
      await opened.records.requestCancel(tenant, id);
    }
    const older = `snapshot || '{"version": 1, "dialect": "another", "external_id": "x"}'`;
    await query(`update armature.webhook_delivery set snapshot = ${older} where job_id = '${first.id}'`);
    await query(`update armature.webhook_delivery
      set snapshot = (snapshot || '{"version": 1}') - 'dialect' - 'external_id' where job_id = '${second.id}'`);
    const claim = async () => {
      const now = new Date(Date.now() + 1000);
      const claimed = await opened.records.webhooks.claimDue(now, new Date(now.getTime() + 60_000), [], 10);
      return claimed.flatMap(({ subject }) => (subject.kind === 'job' ? [[subject.job.id, subject.job.door]] : []));
    };
    const doors = Object.fromEntries([...(await claim()), ...(await claim()), ...(await claim())]) as unknown;
    expect(doors).toMatchObject({
      [first.id]: { dialect: 'another', externalId: 'x' },
      [second.id]: { dialect: 'armature', externalId: null },
    });
  });

  it('does not keep those waiting whose events come behind its own', async () => {
    const host = 'c.example:443';
    const receiver = { url: 'https://c.example/', host, secret: null, events: ['cancelled'] as const };
    const jobs = [newJob(), newJob(), newJob()].map((job) => ({ ...job, webhook: receiver }));
    for (const job of jobs) {
      const { tenant, id } = await opened.records.insertJob(job);
      await opened.records.requestCancel(tenant, id);
    }
    const [first, second, known] = jobs.map(({ id }) => id);
    await query(`update armature.webhook_delivery set snapshot = snapshot || '{"version": ${snapshotVersion + 1}}'
      where job_id in ('${first}', '${second}')`);
    const now = new Date(Date.now() + 1000);
    const claimed = await opened.records.webhooks.claimDue(now, new Date(now.getTime() + 60_000), [], 10);
    expect(claimed.flatMap(({ jobId }) => jobId ?? [])).toEqual([known]);
  });
});
