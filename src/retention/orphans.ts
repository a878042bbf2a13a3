import { laneOf } from '../generation/lanes.ts';
import type { ListedObject } from '../store/store.ts';
import type { DeletingParts } from './leftovers.ts';

/** Objects this young may belong to something whose record is on its way. Milliseconds. */
const grace = 24 * 3_600_000;

/** Parts of a training's objects that belong to no attempt and stay for as long as its record: it may go on from its checkpoint if it failed, and what it showed is looked at. */
const partsOfTrainings = ['checkpoints', 'looks'];

/** Objects that are looked up at once. */
const page = 500;

/**
 * Walks through the whole store and deletes what no record knows: of jobs that are gone, of attempts that came to nothing,
 * checkpoints of jobs that have ended, inputs, uploads and pieces of sets without a row. Returns how many objects it deleted.
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
  const pieces = places.filter(({ folder }) => folder === 'sets').map(({ key }) => key);
  const models = places.filter(({ folder }) => folder === 'models').map(({ name }) => name);
  const jobs = await records.retention.knownJobs([...new Set(ids)]);
  const known = new Set([
    ...(await records.retention.knownPictures(pictures)),
    ...(await records.sets.knownParts(pieces)),
  ]);
  const made = await records.trainings.known([...new Set(models)]);
  return places
    .filter(({ key, folder, name, part }) => {
      if (folder === 'models') return !made.has(name);
      if (folder !== 'generations') return !known.has(key);
      const job = jobs.get(name);
      const isKept = job?.ended === true && laneOf(name) === 'long' && partsOfTrainings.includes(part);
      return job === undefined || (job.ended && part !== String(job.attempt) && !isKept);
    })
    .map(({ key }) => key);
}
