import { deleteJob, type DeletingParts } from './delete-job.ts';
import { deleteLoose, finishRemovals } from './leftovers.ts';
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
  readonly orphans: number;
}

const hour = 3_600_000;

/** Rows that are asked for at once: small, so that neither the database nor this process is held up. */
const page = 50;

/** How often the whole store is walked through in search of objects that nobody knows. */
const walkInterval = 24 * hour;

/** An upload this young may belong to a request that is being written. */
const uploadGrace = hour;

/** How often the database clears up, where it does not by itself. */
const vacuumInterval = 24 * hour;

/**
 * Deletes what has been kept for long enough, what is too much, and what nobody uses. Whatever it is stopped at, the next
 * one goes on there. `signal` ends it before the next deletion.
 */
export async function sweep(parts: SweepParts, policy: RetentionPolicy, signal: AbortSignal): Promise<Swept> {
  const now = parts.clock();
  const { retention } = parts.records;
  const before = (age: number): Date => new Date(now.getTime() - age);
  for (const finish of [finishRemovals, deleteLoose]) {
    // What an earlier deletion could not take along may never go: it does not keep what is deleted now.
    await finish(parts).catch((err: unknown) => parts.log.warn({ err }, 'objects of what was deleted are still there'));
  }
  let [jobs, uploads, orphans] = [0, 0, 0];
  if (policy.age !== null) {
    jobs += await deleteEnded(parts, { before: before(policy.age) }, signal);
    uploads += await deleteUploads(parts, before(policy.age), async () => !signal.aborted);
    await retention.deleteEmptyBatches(before(policy.age));
  }
  if (policy.bytes !== null) {
    const isTooMuch = tooMuch(parts, policy.bytes, signal);
    jobs += await deleteEnded(parts, {}, signal, isTooMuch);
    uploads += await deleteUploads(parts, before(uploadGrace), isTooMuch);
    if (await isTooMuch())
      parts.log.warn({ limit: policy.bytes }, 'more is in use than may be stored: no job has ended');
  }
  if (!signal.aborted && (await retention.due('objects', before(walkInterval), now))) {
    orphans = await deleteOrphans(parts, now, signal);
  }
  if (!signal.aborted && (await retention.due('vacuum', before(vacuumInterval), now)))
    await parts.records.vacuum('daily');
  return { jobs, uploads, orphans };
}

type GoesOn = () => Promise<boolean>;

/** Whether more is stored than may be. */
function tooMuch({ records }: SweepParts, bytes: number, signal: AbortSignal): GoesOn {
  return async () => !signal.aborted && (await records.retention.storedBytes()) > bytes;
}

/** Deletes ended jobs, those that ended first at the front, page by page while `goesOn`. */
async function deleteEnded(
  parts: SweepParts,
  query: { readonly before?: Date },
  signal: AbortSignal,
  goesOn: GoesOn = async () => true,
): Promise<number> {
  let deleted = 0;
  while (!signal.aborted && (await goesOn())) {
    const jobs = await parts.records.retention.endedJobs({ ...query, limit: page });
    if (jobs.length === 0) break;
    for (const { tenant, id } of jobs) {
      if (signal.aborted || (deleted > 0 && !(await goesOn()))) return deleted;
      if (await deleteJob(parts, tenant, id)) deleted += 1;
    }
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
