import { setTimeout as pause } from 'node:timers/promises';
import { ArmatureError } from '../errors.ts';
import { isOfNewerRelease } from '../generation/stored-json.ts';
import { inBackground } from '../records/database/background.ts';
import { deletedAtOnce } from './delete-jobs.ts';
import type { DeletingParts } from './leftovers.ts';

export interface ErasingParts extends DeletingParts {
  /** Takes a job's ticket out of the queue, if it is there. */
  readonly removeTicket: (id: string) => Promise<void>;
}

export interface EraseOptions {
  /** Told now and then how many jobs have been deleted. */
  readonly onProgress?: (jobs: number) => void;
  /** Milliseconds that running jobs have to end, which they do within a step. */
  readonly patience?: number;
}

/** Jobs that are asked for at once. */
const page = 100;

/**
 * Deletes all that a tenant has: its keys are revoked, its jobs are cancelled and deleted, and then whatever else has its
 * name on it, in records, queue and store. Of the keys nameless rows stay, without which a service would take itself for one that
 * asks nobody for a key. It can be stopped anywhere and begun again. What was in the rows may stay in the files of an embedded
 * database until these are written anew: `records.vacuum('full')`, which takes seconds and is for a process that does
 * nothing else.
 *
 * @throws ArmatureError `conflict` where jobs are still running after the patience, which is so while no worker is there to
 *   end them
 */
export async function eraseTenant(parts: ErasingParts, tenant: string, options: EraseOptions = {}): Promise<number> {
  return await inBackground(async () => await erase(parts, tenant, options));
}

async function erase(
  parts: ErasingParts,
  tenant: string,
  { onProgress = () => {}, patience = 60_000 }: EraseOptions,
): Promise<number> {
  const { records, store, removeTicket } = parts;
  for (const { id } of await records.keys.list(tenant)) await records.keys.revoke(id);
  await endJobs(parts, tenant, patience);
  let deleted = 0;
  for (;;) {
    const jobs = await records.retention.endedJobs({ tenant, limit: deletedAtOnce });
    if (jobs.length === 0) break;
    // One that was cancelled while it waited may have its ticket there until a worker comes to it.
    for (const { id } of jobs) await removeTicket(id);
    deleted += (await records.retention.deleteJobs(jobs.map(({ id }) => id))).length;
    onProgress(deleted);
  }
  // Rows first: what is half deleted is nothing that anybody can read.
  await records.retention.eraseTenant(tenant);
  await store.deleteAll(`tenants/${tenant}/`);
  return deleted;
}

async function endJobs({ records }: DeletingParts, tenant: string, patience: number): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    const jobs = await records.retention.unendedJobs(tenant, page);
    if (jobs.length === 0) return;
    for (const { id } of jobs) await records.requestCancel(tenant, id).catch(unlessOfNewerRelease);
    if (!jobs.every(({ running }) => running)) continue;
    if (performance.now() > deadline) {
      const detail =
        `${jobs.length === page ? `${page} or more` : jobs.length} jobs of the tenant ${tenant} are still running. ` +
        'They end when a worker runs; then erase again.';
      throw new ArmatureError('conflict', detail);
    }
    await pause(250);
  }
}

/** A job that only a newer release can read is asked to stop as others are, before it turns out that it cannot be shown. */
function unlessOfNewerRelease(error: unknown): void {
  if (!isOfNewerRelease(error)) throw error;
}
