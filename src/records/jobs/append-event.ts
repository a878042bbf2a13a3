import { sql, type Kysely } from 'kysely';
import type { JobEventType } from '../../generation/job.ts';
import type { Tables } from '../schema/schema.ts';
import { announcement, eventData } from './transition.ts';
import { runsAs } from './transitions.ts';

/** Appends an event under the next number of a job that runs under this attempt, and announces it; false where the job has moved on. */
export async function appendEvent(
  db: Kysely<Tables>,
  { id, attempt }: { readonly id: string; readonly attempt: number },
  type: JobEventType,
  data: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const row = await db
    .with('changed', (query) =>
      query
        .updateTable('job')
        .set((job) => ({ event_seq: sql<number>`${job.ref('event_seq')} + 1` }))
        .where(runsAs(id, attempt))
        .returning(['id', 'event_seq', 'attempt']),
    )
    .with('noted', (query) =>
      query
        .insertInto('job_event')
        .columns(['job_id', 'seq', 'type', 'data'])
        .expression((changed) =>
          changed.selectFrom('changed').select(['id', 'event_seq', sql.lit(type).as('type'), eventData(data)]),
        ),
    )
    .selectFrom('changed')
    .select(['id', announcement('state')])
    .executeTakeFirst();
  return row !== undefined;
}
