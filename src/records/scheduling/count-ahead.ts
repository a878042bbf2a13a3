import { sql, type Kysely } from 'kysely';
import type { Job } from '../../generation/job.ts';
import type { Tables } from '../schema/schema.ts';
import { isLong } from './lanes.ts';

/**
 * About how many jobs will be started before each of these queued ones. Of those that have been moved into the queue, the
 * ones that came there before; for one that waits in records all of these, those of its own flow that are before it, its
 * tenant's jobs outside batches where it is of a batch, and of every other flow at most as many as of its own, since they
 * take turns. However many jobs wait, only some at both ends of the flows that are asked for are read: a place between them is
 * told by how the times of the flow's jobs are spread. The statement is a function of the database: see its migration,
 * places.ts.
 */
export async function countAhead(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly number[]> {
  const { rows } = await sql<{ id: string; ahead: number }>`
    select id, ahead from armature.count_ahead(${ids}::text[])`.execute(db);
  const ahead = new Map(rows.map((row) => [row.id, row.ahead]));
  return ids.map((id) => ahead.get(id) ?? 0);
}

/** The same of the long lane, where those of the highest priority go first, and of these the oldest. */
export async function countLongAhead(db: Kysely<Tables>, { id, priority }: Job): Promise<number> {
  const { rows } = await sql<{ ahead: number }>`
    select count(*)::integer as ahead from ${sql.table('armature.job')}
    where status = 'queued' and ${isLong} and (priority > ${priority} or (priority = ${priority} and id < ${id}))`.execute(
    db,
  );
  return rows[0]?.ahead ?? 0;
}
