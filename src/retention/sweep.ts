import { inBackground } from '../records/database/background.ts';
import type { UnusedSince } from '../records/sets/sets.ts';
import type { EndedJob } from '../records/operations/retention.ts';
import { deletedAtOnce, deleteJobs } from './delete-jobs.ts';
import { deleteLoose, type DeletingParts, finishRemovals } from './leftovers.ts';
import { deleteOrphans } from './orphans.ts';

/** What is kept. */
export interface RetentionPolicy {
  /** Milliseconds after its end for which a job is kept, and after its last use for which an upload is; null is for ever. */
  readonly age: number | null;
  /** Bytes that may be stored; null is any number. */
  readonly bytes: number | null;
}

export interface SweepParts extends DeletingParts {
  readonly clock: () => Date;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

/** What a sweep deleted. */
export interface Swept {
  readonly jobs: number;
  readonly uploads: number;
  readonly sets: number;
  readonly orphans: number;
}

const hour = 3_600_000;

/** Uploads that are asked for at once: few, so that neither the database nor this process is held up. */
const page = 50;

/** How often the whole store is walked through in search of objects that nobody knows. */
const walkInterval = 24 * hour;

/** An upload this young may belong to a request that is being written. */
const uploadGrace = hour;

/** Time after which a training set goes of which no byte has come any more and that is not whole. */
const unfinishedAge = 24 * hour;

/** How often the database clears up, where it does not by itself. */
const vacuumInterval = 24 * hour;

/**
 * Deletes what has been kept for long enough, what is too much, and what nobody uses. Whatever it is stopped at, the next
 * one goes on there. `signal` ends it before the next deletion.
 */
export async function sweep(parts: SweepParts, policy: RetentionPolicy, signal: AbortSignal): Promise<Swept> {
  return await inBackground(async () => await deleteAll(parts, policy, signal));
}

async function deleteAll(parts: SweepParts, policy: RetentionPolicy, signal: AbortSignal): Promise<Swept> {
  const now = parts.clock();
  const { retention } = parts.records;
  const before = (age: number): Date => new Date(now.getTime() - age);
  for (const finish of [finishRemovals, deleteLoose]) {
    // What an earlier deletion could not take along may never go: it does not keep what is deleted now.
    await finish(parts).catch((err: unknown) => parts.log.warn({ err }, 'objects of what was deleted are still there'));
  }
  let [jobs, uploads, orphans] = [0, 0, 0];
  await retention.foldSizes();
  if (policy.age !== null) {
    const ended = { before: before(policy.age) };
    jobs += await deleteEnded(parts, async (limit) => await retention.endedJobs({ ...ended, limit }), signal);
    uploads += await deleteUploads(parts, before(policy.age), async () => !signal.aborted);
    await retention.deleteEmptyBatches(before(policy.age));
  }
  if (policy.bytes !== null) {
    const { bytes } = policy;
    const isTooMuch = async (): Promise<boolean> => !signal.aborted && (await retention.storedBytes()) > bytes;
    const tooMany = async (limit: number): Promise<readonly EndedJob[]> => {
      const excess = (await retention.storedBytes()) - bytes;
      return excess > 0 ? await retention.jobsToFree(excess, limit) : [];
    };
    jobs += await deleteEnded(parts, tooMany, signal);
    uploads += await deleteUploads(parts, before(uploadGrace), isTooMuch);
    if (await isTooMuch()) parts.log.warn({ limit: bytes }, 'more is in use than may be stored: no job has ended');
  }
  const sets = await deleteSets(
    parts,
    { whole: policy.age === null ? null : before(policy.age), unfinished: before(unfinishedAge) },
    signal,
  );
  if (!signal.aborted && (await retention.due('objects', before(walkInterval), now))) {
    orphans = await deleteOrphans(parts, now, signal);
  }
  if (!signal.aborted && (await retention.due('vacuum', before(vacuumInterval), now)))
    await parts.records.vacuum('daily');
  return { jobs, uploads, sets, orphans };
}

type GoesOn = () => Promise<boolean>;

/** Deletes what `next` gives until that is nothing: first one job, then twice as many each time, so that a sweep stops soon. */
async function deleteEnded(
  parts: SweepParts,
  next: (limit: number) => Promise<readonly EndedJob[]>,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for (let limit = 1; !signal.aborted; limit = Math.min(2 * limit, deletedAtOnce)) {
    const jobs = await next(limit);
    if (jobs.length === 0) break;
    deleted += await deleteJobs(parts, jobs);
  }
  return deleted;
}

/** Deletes uploads that no job names any more and that were last used before a time, page by page while `goesOn`. */
async function deleteUploads(parts: SweepParts, before: Date, goesOn: GoesOn): Promise<number> {
  const { pictures } = parts.records;
  let deleted = 0;
  while (await goesOn()) {
    let gone = 0;
    for (const { tenant, id } of await pictures.unusedUploads(before, page)) {
      if (!(await goesOn())) return deleted + gone;
      if ((await pictures.deleteUpload(tenant, id, before)) !== 'deleted') continue;
      await deleteLoose(parts);
      gone += 1;
    }
    deleted += gone;
    if (gone === 0) break;
  }
  return deleted;
}

/** Deletes training sets that no job names and that were last used before a time, those that are not whole before another. */
async function deleteSets(parts: SweepParts, before: UnusedSince, signal: AbortSignal): Promise<number> {
  const { sets } = parts.records;
  let deleted = 0;
  while (!signal.aborted) {
    let gone = 0;
    for (const { tenant, id, usedBefore } of await sets.unused(before, page)) {
      if (signal.aborted) return deleted + gone;
      if ((await sets.delete(tenant, id, usedBefore)) !== 'deleted') continue;
      await deleteLoose(parts);
      gone += 1;
    }
    deleted += gone;
    if (gone === 0) break;
  }
  return deleted;
}
