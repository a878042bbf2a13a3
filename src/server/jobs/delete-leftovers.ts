import { deleteLoose } from '../../retention/leftovers.ts';
import type { ServerParts } from '../parts/parts.ts';

/**
 * Deletes, by `deleteObjects`, the objects of what a request deleted, and the pictures that only that used. Nobody sees them
 * any more, so that the request has done what it was asked for: what cannot be deleted now, because the store is away, the
 * next sweep deletes.
 */
export async function deleteLeftovers(
  parts: ServerParts,
  deleteObjects = async (): Promise<void> => {},
): Promise<void> {
  try {
    await deleteObjects();
    await deleteLoose(parts);
  } catch (err) {
    parts.log.warn({ err }, 'objects of what was deleted stay until the next sweep');
  }
}
