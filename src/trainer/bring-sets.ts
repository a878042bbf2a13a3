import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { requireDiskRoom } from '../files/require-room.ts';
import type { TrainingSetReference } from '../generation/kinds/training/job-plan.ts';
import type { Records } from '../records/records.ts';
import type { ObjectStore } from '../store/store.ts';
import { type SizedObject, writeObjectsToFile } from '../store/write-file.ts';

interface SetParts {
  readonly records: Pick<Records, 'sets'>;
  readonly store: ObjectStore;
}

/**
 * Brings the sets of a training into a folder, several as a folder of archives, which are read one after another. Gives the path.
 *
 * @throws ArmatureError `not_found` where one is gone, `storage_full` before anything is brought where they do not all fit, `unavailable`
 */
export async function bringSets(
  { records, store }: SetParts,
  tenant: string,
  sets: readonly TrainingSetReference[],
  folder: string,
  signal: AbortSignal,
): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const archives: Archive[] = [];
  for (const [index, { id }] of sets.entries()) {
    const set = await records.sets.find(tenant, id);
    if (set === null || !set.whole) throw new ArmatureError('not_found', `The set ${id} is not there any more.`);
    const path = join(folder, `${String(index).padStart(4, '0')}.${set.archive ?? 'zip'}`);
    archives.push({ path, parts: await records.sets.parts(tenant, id) });
  }
  const bytes = archives.flatMap(({ parts }) => parts).reduce((sum, part) => sum + part.bytes, 0);
  await requireDiskRoom(folder, bytes, 'its set');
  for (const { path, parts } of archives) await writeObjectsToFile(store, parts, path, signal);
  const [first] = archives;
  return first !== undefined && archives.length === 1 ? first.path : folder;
}

interface Archive {
  readonly path: string;
  readonly parts: readonly SizedObject[];
}
