import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobOutput } from '../../src/generation/job.ts';
import { newUploadId } from '../../src/records/schema/ids.ts';
import type { OpenRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { newJob, result } from './conformance.ts';
import type { Upload } from '../../src/records/pictures/uploads.ts';

/** What every place of records must know of what is stored and what uses it. */
export function retentionConformance(name: string, open: () => Promise<OpenRecords>): void {
  describe(`retention over ${name}`, () => {
    let records: Records;
    let count = 0;
    /** A tenant of its own for each case, and a key of an input of its. */
    const fresh = (): { readonly tenant: string; readonly key: string } => {
      count += 1;
      return { tenant: `kept_${count}`, key: `tenants/kept_${count}/inputs/${count}` };
    };
    const plan = (key: string) =>
      ({ ...newJob().plan, image: { key, sha256: '00' } }) as ReturnType<typeof newJob>['plan'];
    const file = (bytes: number): JobOutput => ({
      key: 'k',
      contentType: 'image/png',
      bytes,
      sha256: '00',
      width: 8,
      height: 8,
      seed: null,
    });
    /** A job that has ended, with outputs of so many bytes. */
    const ended = async (tenant: string, key: string, bytes = 0): Promise<string> => {
      const { id } = await records.insertJob(newJob(tenant, { plan: plan(key) }));
      const { attempt } = (await records.startAttempt(tenant, id))!;
      await records.commitResult(id, attempt, { ...result, outputs: [file(bytes)], maps: [file(1)] });
      return id;
    };
    const deleteLoose = async (): Promise<readonly string[]> => {
      const deleted: string[] = [];
      while (await records.pictures.deleteLoose(async (key) => void deleted.push(key), 2));
      return deleted;
    };
    const upload = async (tenant: string): Promise<Upload> =>
      await records.insertUpload({
        id: newUploadId(),
        tenant,
        picture: { key: `tenants/${tenant}/uploads/1`, sha256: '11' },
        contentType: 'image/png',
        bytes: 10,
        width: 8,
        height: 8,
        createdAt: new Date(),
      });

    beforeAll(async () => {
      ({ records } = await open());
    });
    afterAll(() => records.close());

    it('keeps an input until the last job that names it is gone', async () => {
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      const [first, second] = [await ended(tenant, key), await ended(tenant, key)];
      await records.pictures.release([key], true);
      expect(await deleteLoose()).toEqual([]);
      await records.deleteJob(tenant, first);
      expect(await deleteLoose()).toEqual([]);
      expect(await records.retention.knownPictures([key, 'another'])).toEqual(new Set([key]));
      await records.deleteJob(tenant, second);
      expect(await deleteLoose()).toEqual([key]);
      expect(await records.retention.knownPictures([key])).toEqual(new Set());
    });

    it('keeps an input that a request counts on, also where the last job that named it goes meanwhile', async () => {
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      const id = await ended(tenant, key);
      await records.deleteJob(tenant, id);
      expect(await deleteLoose()).toEqual([]);
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      await records.pictures.release([key], true);
      expect(await deleteLoose()).toEqual([]);
      await ended(tenant, key);
      await records.pictures.release([key], true);
      expect(await deleteLoose()).toEqual([]);
      expect(await records.retention.knownPictures([key])).toEqual(new Set([key]));
    });

    it('lets an input go whose job was refused in the end', async () => {
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      await records.pictures.release([key], false);
      expect(await deleteLoose()).toEqual([key]);
    });

    it('keeps the record of an input whose object cannot be deleted', async () => {
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      await records.pictures.release([key], false);
      const failing = records.pictures.deleteLoose(() => Promise.reject(new Error('away')), 2);
      await expect(failing).rejects.toThrow('away');
      expect(await deleteLoose()).toEqual([key]);
    });

    it('deletes the others beside one that cannot be deleted, and comes back to that one last', async () => {
      const { tenant, key } = fresh();
      const others = ['b', 'c', 'd'].map((name) => `${key}-${name}`);
      for (const one of [key, ...others]) {
        await records.pictures.claim(tenant, [{ key: one, bytes: 5 }], []);
        await records.pictures.release([one], false);
      }
      const deleted: string[] = [];
      const deleteOthers = async (one: string): Promise<void> => {
        if (one === key) throw new Error('denied');
        deleted.push(one);
      };
      expect(await records.pictures.deleteLoose(deleteOthers, 2)).toBe(true);
      expect(await records.pictures.deleteLoose(deleteOthers, 2)).toBe(true);
      expect(deleted).toEqual(others);
      await expect(records.pictures.deleteLoose(deleteOthers, 2)).rejects.toThrow('denied');
      expect(await deleteLoose()).toEqual([key]);
    });

    it('vacuums', async () => {
      await records.vacuum('daily');
      await ended('vacuumed', 'tenants/vacuumed/inputs/1');
      await records.vacuum('full');
      await records.ping();
    });

    it('makes whoever claims an input wait while it is deleted, and count on nothing of it', async () => {
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
      await records.pictures.release([key], false);
      const order: string[] = [];
      let claimed: Promise<unknown> | undefined;
      await records.pictures.deleteLoose(async () => {
        claimed = records.pictures.claim(tenant, [{ key, bytes: 5 }], []).then(() => order.push('claimed'));
        await new Promise((resolve) => setTimeout(resolve, 200));
        order.push('deleted');
      }, 2);
      await claimed;
      expect(order).toEqual(['deleted', 'claimed']);
      expect(await deleteLoose()).toEqual([]);
      expect(await records.retention.knownPictures([key])).toEqual(new Set([key]));
      await records.pictures.release([key], false);
      expect(await deleteLoose()).toEqual([key]);
    });

    it('deletes an upload that no job waits for', async () => {
      const { tenant } = fresh();
      const { id, picture } = await upload(tenant);
      const job = await records.insertJob(newJob(tenant, { plan: plan(picture.key) }));
      const remove = (before?: Date) => records.pictures.deleteUpload(tenant, id, before);
      expect(await records.pictures.deleteUpload('another', id)).toBe('absent');
      expect(await remove()).toBe('in use');
      await records.requestCancel(tenant, job.id);
      expect(await remove(new Date(Date.now() + 1000))).toBe('in use');
      expect(await remove(new Date(Date.now() - 60_000))).toBe('absent');
      expect(await remove()).toBe('deleted');
      expect(await remove()).toBe('absent');
      expect(await records.findUpload(tenant, id)).toBeNull();
      expect(await records.pictures.claim(tenant, [], [picture.key])).toEqual([picture.key]);
      expect(await deleteLoose()).toEqual([picture.key]);
      expect(await records.retention.knownPictures([picture.key])).toEqual(new Set());
    });

    it('takes an upload back whose bytes come again before its object is gone, under a new id', async () => {
      const { tenant } = fresh();
      const { id, picture } = await upload(tenant);
      await records.pictures.deleteUpload(tenant, id);
      const again = await upload(tenant);
      expect(again.id).not.toBe(id);
      expect(await records.findUpload(tenant, id)).toBeNull();
      expect(await records.findUpload(tenant, again.id)).toEqual(again);
      expect(await deleteLoose()).toEqual([]);
      expect(await records.pictures.claim(tenant, [], [picture.key])).toEqual([]);
    });

    it('remembers a deleted job until its objects are gone', async () => {
      const { tenant, key } = fresh();
      const jobs = [await ended(tenant, key), await ended(tenant, key), await ended(tenant, key)];
      for (const id of jobs) expect(await records.deleteJob(tenant, id)).toBe(true);
      const removals = async (after?: string) =>
        await records.retention.removals({ tenant, limit: 2, ...(after === undefined ? {} : { after }) });
      const sorted = jobs.toSorted().map((id) => ({ tenant, id }));
      expect(await removals()).toEqual(sorted.slice(0, 2));
      expect(await removals(sorted[1]!.id)).toEqual(sorted.slice(2));
      await records.retention.endRemovals([sorted[0]!.id]);
      expect(await removals()).toEqual(sorted.slice(1));
      expect((await records.retention.removals({ limit: 10_000 })).filter((one) => one.tenant === tenant)).toHaveLength(
        2,
      );
    });

    it('finds uploads that were last used long ago and that no job names', async () => {
      const { tenant } = fresh();
      const { id, picture } = await upload(tenant);
      const found = async (before: Date) =>
        (await records.pictures.unusedUploads(before, 100)).filter((one) => one.tenant === tenant);
      expect(await found(new Date(Date.now() - 60_000))).toEqual([]);
      expect(await found(new Date(Date.now() + 60_000))).toEqual([{ tenant, id }]);
      expect(await records.pictures.claim(tenant, [], [picture.key])).toEqual([]);
      const job = await ended(tenant, picture.key);
      expect(await found(new Date(Date.now() + 60_000))).toEqual([]);
      await records.deleteJob(tenant, job);
      expect(await found(new Date(Date.now() + 60_000))).toEqual([{ tenant, id }]);
    });

    it('adds up what is stored', async () => {
      const before = await records.retention.storedBytes();
      const { tenant, key } = fresh();
      await records.pictures.claim(tenant, [{ key, bytes: 5_000_000_000 }], []);
      const id = await ended(tenant, key, 700);
      await upload(tenant);
      expect((await records.retention.storedBytes()) - before).toBe(5_000_000_000 + 701 + 10);
      await records.deleteJob(tenant, id);
      expect((await records.retention.storedBytes()) - before).toBe(5_000_000_000 + 10);
    });

    it('adds up what many change at once, while the sums are folded', async () => {
      const before = await records.retention.storedBytes();
      const { tenant, key } = fresh();
      const ids = await Promise.all(
        Array.from({ length: 12 }, async (_, index) => await ended(tenant, key, 100 + index)),
      );
      await Promise.all([
        ...ids.slice(0, 6).map(async (id) => await records.deleteJob(tenant, id)),
        records.retention.foldSizes(),
        upload(tenant),
        records.retention.foldSizes(),
        records.retention.deleteJobs(ids.slice(6, 8)),
        records.pictures.claim(tenant, [{ key, bytes: 7 }], []),
      ]);
      // Each of the four jobs that are left has a map of one byte.
      const left = 108 + 109 + 110 + 111 + 4 + 10 + 7;
      expect((await records.retention.storedBytes()) - before).toBe(left);
      await records.retention.foldSizes();
      expect((await records.retention.storedBytes()) - before).toBe(left);
    });

    it('names as many ended jobs as may have to go until so much is free, with the inputs that they may take along', async () => {
      await records.retention.deleteJobs((await records.retention.endedJobs({ limit: 10_000 })).map(({ id }) => id));
      const [one, other] = [fresh(), fresh()];
      await records.pictures.claim(one.tenant, [{ key: one.key, bytes: 50 }], []);
      const first = await ended(one.tenant, one.key, 99);
      const second = await ended(other.tenant, other.key, 99);
      const third = await ended(other.tenant, other.key, 0);
      const waiting = await records.insertJob(newJob(one.tenant));
      const toFree = async (bytes: number, limit = 10) =>
        (await records.retention.jobsToFree(bytes, limit)).map(({ id }) => id);
      expect(await toFree(1)).toEqual([first]);
      expect(await toFree(150)).toEqual([first]);
      expect(await toFree(151)).toEqual([first, second]);
      expect(await toFree(250)).toEqual([first, second]);
      expect(await toFree(251)).toEqual([first, second, third]);
      expect(await toFree(1e12)).toEqual([first, second, third]);
      expect(await toFree(1e12, 2)).toEqual([first, second]);
      const deleted = await records.retention.deleteJobs([first, second, third, waiting.id]);
      expect(deleted.toSorted()).toEqual([first, second, third].toSorted());
      expect(await records.findJob(one.tenant, waiting.id)).not.toBeNull();
    });

    it('lists ended jobs, those that ended first at the front, and no others', async () => {
      const { tenant, key } = fresh();
      const [first, second] = [await ended(tenant, key), await ended(tenant, key)];
      const waiting = await records.insertJob(newJob(tenant));
      const list = async (before?: Date) =>
        (await records.retention.endedJobs({ tenant, limit: 10, ...(before === undefined ? {} : { before }) })).map(
          ({ id }) => id,
        );
      expect(await list()).toEqual([first, second]);
      expect(await list(new Date(Date.now() - 60_000))).toEqual([]);
      expect(await records.retention.knownJobs([first, waiting.id, 'gen_none'])).toEqual(
        new Map([
          [first, { attempt: 1, ended: true }],
          [waiting.id, { attempt: 0, ended: false }],
        ]),
      );
    });

    it('lets one work alone, which may ask the records meanwhile, and the next one after it', async () => {
      const counts: number[] = [];
      const work = async (): Promise<void> => {
        counts.push((await records.retention.endedJobs({ limit: 1 })).length);
        await records.pictures.deleteLoose(async () => {}, 1);
      };
      expect(await records.retention.alone(work)).toBe(true);
      await expect(records.retention.alone(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
      expect(await records.retention.alone(work)).toBe(true);
      expect(counts).toHaveLength(2);
    });

    it('says once in a while that something is due', async () => {
      const now = new Date();
      const later = new Date(now.getTime() + 1000);
      expect(await records.retention.due('test', now, now)).toBe(true);
      expect(await records.retention.due('test', new Date(now.getTime() - 1), later)).toBe(false);
      expect(await records.retention.due('test', now, later)).toBe(true);
    });

    it('erases what a tenant has, and nothing of another', async () => {
      const [one, other] = [fresh(), fresh()];
      for (const { tenant, key } of [one, other]) {
        await records.pictures.claim(tenant, [{ key, bytes: 5 }], []);
        await upload(tenant);
      }
      const waiting = await records.insertJob(newJob(one.tenant));
      expect(await records.retention.unendedJobs(one.tenant, 10)).toEqual([{ id: waiting.id, running: false }]);
      await records.requestCancel(one.tenant, waiting.id);
      await records.deleteJob(one.tenant, waiting.id);
      await records.retention.eraseTenant(one.tenant);
      expect(await records.retention.knownPictures([one.key, `tenants/${one.tenant}/uploads/1`])).toEqual(new Set());
      expect((await records.retention.knownPictures([other.key, `tenants/${other.tenant}/uploads/1`])).size).toBe(2);
    });
  });
}
