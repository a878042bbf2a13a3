import type { ListedObject } from '../store/store.ts';
import type { DeletingParts } from './leftovers.ts';

/** Objects this young may belong to something whose record is on its way. Milliseconds. */
const grace = 24 * 3_600_000;

/** Objects that are looked up at once. */
const page = 500;

/**
 * Walks through the whole store and deletes what no record knows: of jobs that are gone, of attempts that came to nothing,
 * checkpoints of jobs that have ended, inputs and uploads without a row. Returns how many objects it deleted.
 */
export async function deleteOrphans(parts: DeletingParts, now: Date, signal: AbortSignal): Promise<number> {
  let deleted = 0;
  let batch: ListedObject[] = [];
  const settle = async (): Promise<void> => {
    const orphans = await orphansAmong(parts, batch);
    batch = [];
    for (const key of orphans) {
      if (signal.aborted) return;
      await parts.store.delete(key);
      deleted += 1;
    }
  };
  for await (const object of parts.store.list('tenants/')) {
    if (signal.aborted) return deleted;
    if (now.getTime() - object.modifiedAt.getTime() < grace) continue;
    batch.push(object);
    if (batch.length === page) await settle();
  }
  await settle();
  return deleted;
}

/** `tenants/{tenant}/{folder}/{name}/{part}...`, as src/store/keys.ts makes them. */
function placeOf(key: string): { readonly folder: string; readonly name: string; readonly part: string } {
  const [, , folder = '', name = '', part = ''] = key.split('/');
  return { folder, name, part };
}

async function orphansAmong({ records }: DeletingParts, objects: readonly ListedObject[]): Promise<readonly string[]> {
  const places = objects.map(({ key }) => ({ key, ...placeOf(key) }));
  const ids = places.filter(({ folder }) => folder === 'generations').map(({ name }) => name);
  const pictures = places.filter(({ folder }) => folder === 'inputs' || folder === 'uploads').map(({ key }) => key);
  const jobs = await records.retention.knownJobs([...new Set(ids)]);
  const known = await records.retention.knownPictures(pictures);
  return places
    .filter(({ key, folder, name, part }) => {
      if (folder !== 'generations') return !known.has(key);
      const job = jobs.get(name);
      return job === undefined || (job.ended && part !== String(job.attempt));
    })
    .map(({ key }) => key);
}
