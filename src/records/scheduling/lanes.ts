import { sql } from 'kysely';
import { idPrefixes, type Lane } from '../../generation/lanes.ts';

/** Between which two texts the ids of a lane's jobs lie. */
export function idsOfLane(lane: Lane): { readonly first: string; readonly behind: string } {
  const prefix = idPrefixes[lane];
  return { first: prefix, behind: `${prefix}~` };
}

/** Whether the job whose `id` is in the row is of the long lane: it waits in the queue of that alone, and for no turn. */
export const isLong = sql<boolean>`(left(id, ${sql.lit(idPrefixes.long.length)}) = ${sql.lit(idPrefixes.long)})`;
