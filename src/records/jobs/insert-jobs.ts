import { sql, type Kysely, type Selectable } from 'kysely';
import { ownDoor } from '../../generation/door.ts';
import { kindOf, storedPlan } from '../../generation/kinds/kinds.ts';
import type { Job } from '../../generation/job.ts';
import type { NewJob } from './new-job.ts';
import { jobFromRow } from '../schema/rows.ts';
import type { JobTable, Tables } from '../schema/schema.ts';
import { jobChannel } from '../schema/job-channel.ts';
import { isLong } from '../scheduling/lanes.ts';
import { virtualTime } from '../scheduling/virtual-time.ts';

/** Writes accepted jobs and their `queued` events in one statement, and announces them; returns them in the same order. */
export async function insertJobs(db: Kysely<Tables>, jobs: readonly NewJob[]): Promise<readonly Job[]> {
  const given = jobs.map((job) => {
    const { id, tenant, plan, warnings, metadata, door = ownDoor, webhook = null, traceParent = null, priority } = job;
    const stored = storedPlan.write(plan);
    return {
      id,
      tenant,
      plan: stored,
      warnings,
      metadata,
      dialect: door.dialect,
      external_id: door.externalId,
      webhook,
      trace_parent: traceParent,
      priority,
      cost: kindOf(plan).cost(plan),
    };
  });
  const { rows } = await sql<Selectable<JobTable>>`
    with given as (
      select * from jsonb_to_recordset(${JSON.stringify(given)}::jsonb) as given (
        id text, tenant text, plan jsonb, warnings jsonb, metadata jsonb, dialect text, external_id text, webhook jsonb,
        trace_parent text, priority smallint, cost double precision)),
    inserted as (
      insert into ${sql.table('armature.job')}
        (id, tenant, status, plan, warnings, metadata, dialect, external_id, webhook, trace_parent, priority, cost,
          virtual_time, event_seq, dispatched_at)
      select id, tenant, 'queued', plan, warnings, metadata, dialect, external_id, webhook, trace_parent, priority, cost,
        ${virtualTime}, 1, case when ${isLong} then now() end
      from given
      returning *),
    noted as (
      insert into ${sql.table('armature.job_event')} (job_id, seq, type, data)
      select id, event_seq, status, jsonb_build_object('attempt', attempt) from inserted)
    select *, pg_notify(${sql.lit(jobChannel)}, id || ' state') from inserted`.execute(db);
  const written = new Map(rows.map((row) => [row.id, jobFromRow(row)]));
  return jobs.map(({ id }) => written.get(id)!);
}
