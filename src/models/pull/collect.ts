import { join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { PartialFolder } from './partial-folder.ts';
import { pullPlaces } from './source.ts';

/** What an interrupted pull has left. */
export interface Leftover {
  readonly folder: string;
  readonly bytes: number;
}

/**
 * Deletes what interrupted pulls have left in these folders of models, whose next runs then begin anew. What another process pulls just now stays, and
 * so do folders of that name which no pull has made, or that lead elsewhere.
 */
export async function collectLeftovers(places: readonly string[]): Promise<readonly Leftover[]> {
  const collected: Leftover[] = [];
  for (const place of pullPlaces(places)) {
    for (const id of await PartialFolder.leftIn(place)) {
      const partial = await PartialFolder.open(place, id).catch((error: unknown) => {
        if (error instanceof ArmatureError && error.code === 'conflict') return null;
        throw error;
      });
      if (partial !== null) collected.push({ folder: join(place, `.${id}.partial`), bytes: await partial.discard() });
    }
  }
  return collected;
}
