import { ArmatureError } from '../../errors.ts';
import type { Records } from '../../records/records.ts';
import type { ObjectStore } from '../../store/store.ts';
import type { NewObject } from './inputs.ts';
import type { CheckedPicture } from './picture-source.ts';

export interface KeepingParts {
  readonly records: Pick<Records, 'pictures'>;
  readonly store: ObjectStore;
}

/** Ends the keeping of pictures: jobs that use them have been `written`, or will not be. */
export type Release = (written: boolean) => Promise<void>;

/**
 * Stores the pictures that are not there yet. Until they are released none of them is deleted, uploads neither, so that the
 * jobs that are to use them can be written. `invalid_request` where an upload has been deleted since it was checked.
 */
export async function keepPictures(
  { records, store }: KeepingParts,
  tenant: string,
  pictures: readonly CheckedPicture[],
): Promise<Release> {
  const objects = new Map(pictures.flatMap((picture) => picture.objects).map((object) => [object.stored.key, object]));
  const inputs = [...objects.values()].map(({ stored, bytes }) => ({ key: stored.key, bytes: bytes.length }));
  const uploads = pictures.flatMap(keysOf).filter((key) => !objects.has(key));
  const missing = await records.pictures.claim(tenant, inputs, uploads);
  const release: Release = async (written) => {
    // A claim that cannot be ended now lapses.
    await records.pictures.release([...objects.keys()], written).catch(() => {});
  };
  try {
    refuseMissing(missing, pictures);
    await putMissing(store, [...objects.values()]);
    return release;
  } catch (error) {
    await release(false);
    throw error;
  }
}

/** Runs `write` and releases what is kept for it, whichever way it ends. */
export async function releasing<T>(release: Release, write: () => Promise<T>): Promise<T> {
  let written = false;
  try {
    const result = await write();
    written = true;
    return result;
  } finally {
    await release(written);
  }
}

function keysOf({ stored, mask }: CheckedPicture): readonly string[] {
  return mask === undefined ? [stored.key] : [stored.key, mask.key];
}

async function putMissing(store: ObjectStore, objects: readonly NewObject[]): Promise<void> {
  await Promise.all(
    objects.map(async ({ stored, bytes, contentType }) => {
      if ((await store.stat(stored.key)) === null) await store.put(stored.key, bytes, contentType);
    }),
  );
}

function refuseMissing(missing: readonly string[], pictures: readonly CheckedPicture[]): void {
  const index = pictures.findIndex((picture) => keysOf(picture).some((key) => missing.includes(key)));
  if (index === -1) return;
  throw new ArmatureError('invalid_request', `The upload of picture ${index} was deleted in the meantime.`);
}
