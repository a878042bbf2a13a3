/**
 * Jobs of a lane wait for jobs of the same lane alone. Pictures take seconds and share the device; what is long has a process of its own beside it, for hours, and
 * would hold the places of pictures all that time. A job's id says its lane, so that whoever carries nothing but ids knows it.
 */
export type Lane = 'pictures' | 'long';

/** What the ids of jobs begin with, by their lane. */
export const idPrefixes: Readonly<Record<Lane, string>> = { pictures: 'gen_', long: 'trn_' };

/** The lane of the job of an id. */
export function laneOf(id: string): Lane {
  return id.startsWith(idPrefixes.long) ? 'long' : 'pictures';
}
