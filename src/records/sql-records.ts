import { sql, type ExpressionBuilder, type Kysely } from 'kysely';
import { sqlBatches } from './batches/batches.ts';
import { laneOf } from '../generation/lanes.ts';
import { countAhead, countLongAhead } from './scheduling/count-ahead.ts';
import { idsOfLane } from './scheduling/lanes.ts';
import { commitMade, sqlTrainings } from './trainings/trainings.ts';
import { sqlIdempotency, underClaim } from './jobs/idempotency.ts';
import { type KeyRecords, sqlKeys } from './access/keys.ts';
import { sqlSecrets } from './access/secrets.ts';
import { sqlOverview } from './operations/overview.ts';
import { sqlFaults } from './jobs/faults.ts';
import { gather } from './database/gather.ts';
import { insertJobs } from './jobs/insert-jobs.ts';
import { sqlPictures } from './pictures/pictures.ts';
import type { Records } from './records.ts';
import { removeJobs } from './jobs/remove-jobs.ts';
import { sqlRetention } from './operations/retention.ts';
import { eventFromRow, jobFromRow } from './schema/rows.ts';
import { sqlScheduling } from './scheduling/scheduling.ts';
import type { Tables } from './schema/schema.ts';
import type { SqlDatabase } from './database/sql-pool.ts';
import { sqlSets } from './sets/sets.ts';
import { sqlUsage } from './access/usage.ts';
import type { JobRow } from './jobs/transition.ts';
import * as transitions from './jobs/transitions.ts';
import { sqlWebhooks } from './webhooks/webhooks.ts';
import { sqlWorkers } from './operations/workers.ts';
import type { NewJob } from './jobs/new-job.ts';
import { uploadFromRow } from './pictures/uploads.ts';

/** What records are told of changes, in any process. */
export interface ChangeSources {
  readonly onChange: Records['onChange'];
  readonly onKeyChange: KeyRecords['onChange'];
  readonly previews: Records['previews'];
}

/** Records over a database whose tables are migrated. */
export function sqlRecords(
  db: Kysely<Tables>,
  { onChange, onKeyChange, previews }: ChangeSources,
  database: Pick<SqlDatabase, 'vacuum' | 'close'>,
): Records {
  // What clients ask for by the thousand.
  const findRow = gather((ids: readonly string[]) => rowsById(db, ids));
  const insertJob = gather((jobs: readonly NewJob[]) => insertJobs(db, jobs));
  const countJobsAhead = gather((ids: readonly string[]) => countAhead(db, ids));
  const findJob: Records['findJob'] = async (tenant, id) => {
    const row = await findRow(id);
    // Read by each who asked for one: what a newer release wrote fails nobody else's.
    return row?.tenant === tenant ? jobFromRow(row) : null;
  };

  return {
    async insertJob(job) {
      if (job.claim === undefined) return await insertJob(job);
      const write = async (within: Kysely<Tables>) => await insertJobs(within, [job]);
      return (await underClaim(db, job.claim, job.id, write))[0]!;
    },
    findJob,
    async findJobByName(tenant, dialect, externalId) {
      const query = db
        .selectFrom('job')
        .selectAll()
        .where((job) => job.and({ tenant, dialect, external_id: externalId }));
      const row = await query.orderBy('id', 'desc').limit(1).executeTakeFirst();
      return row === undefined ? null : jobFromRow(row);
    },
    async listJobs(tenant, { status, lane = 'pictures', before, limit }) {
      const { first, behind } = idsOfLane(lane);
      let query = db.selectFrom('job').selectAll().where('tenant', '=', tenant).where(isAccepted);
      query = query.where('id', '>', first).where('id', '<', behind);
      query = status === undefined ? query : query.where('status', '=', status);
      query = before === undefined ? query : query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(jobFromRow);
    },
    countAhead: async (job) =>
      laneOf(job.id) === 'long' ? await countLongAhead(db, job) : await countJobsAhead(job.id),
    async deleteJob(tenant, id) {
      const chosen = sql`tenant = ${tenant} and id = ${id} and status in ('succeeded', 'failed', 'cancelled', 'paused')`;
      return (await removeJobs(db, chosen)).length > 0;
    },

    startAttempt: (tenant, id) => transitions.startAttempt(db, tenant, id),
    reportProgress: (id, attempt, progress) => transitions.reportProgress(db, id, attempt, progress),
    commitResult: (id, attempt, result, model) => commitMade(db, id, attempt, result, model),
    failAttempt: (id, attempt, error) => transitions.failAttempt(db, id, attempt, error),
    releaseAttempt: (id, attempt, reason) => transitions.releaseAttempt(db, id, attempt, reason),
    cancelAttempt: (id, attempt) => transitions.cancelAttempt(db, id, attempt),

    pauseAttempt: (id, attempt) => transitions.pauseAttempt(db, id, attempt),
    requestPause: (tenant, id) => transitions.requestPause(db, tenant, id),
    requestStop: (tenant, id) => transitions.requestStop(db, tenant, id),
    resume: (tenant, id) => transitions.resume(db, tenant, id),
    async wishes(ids) {
      if (ids.length === 0) return new Map();
      const rows = await db
        .selectFrom('job')
        .select(['id', 'asked_for'])
        .where('id', 'in', [...ids])
        .where('asked_for', 'is not', null)
        .execute();
      return new Map(rows.flatMap(({ id, asked_for: wish }) => (wish === null ? [] : [[id, wish]])));
    },

    async requestCancel(tenant, id) {
      return (await transitions.requestCancel(db, tenant, id)) ?? findJob(tenant, id);
    },
    async cancelRequested(ids) {
      if (ids.length === 0) {
        return new Set();
      }
      const rows = await db
        .selectFrom('job')
        .select('id')
        .where('id', 'in', [...ids])
        .where('cancel_requested', '=', true)
        .execute();
      return new Set(rows.map((row) => row.id));
    },

    faults: sqlFaults(db),

    async eventsAfter(id, seq) {
      const rows = await db
        .selectFrom('job_event')
        .selectAll()
        .where('job_id', '=', id)
        .where('seq', '>', seq)
        .orderBy('seq')
        .execute();
      return rows.map(eventFromRow);
    },
    onChange,

    scheduling: sqlScheduling(db),
    batches: sqlBatches(db),
    async runningJobs(after, limit) {
      // A literal, so that the planner can use the index over the jobs in this state alone.
      const query = db
        .selectFrom('job')
        .select(['tenant', 'id'])
        .where('status', '=', sql.lit('running' as const));
      return (after === null ? query : query.where('id', '>', after)).orderBy('id').limit(limit).execute();
    },

    async insertUpload(upload) {
      const row = await db
        .insertInto('upload')
        .values({
          id: upload.id,
          tenant: upload.tenant,
          key: upload.picture.key,
          sha256: upload.picture.sha256,
          content_type: upload.contentType,
          bytes: upload.bytes,
          width: upload.width,
          height: upload.height,
          created_at: upload.createdAt,
        })
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'sha256']).doUpdateSet({
            used_at: sql<Date>`now()`,
            // One that was deleted comes back as a new one.
            id: sql<string>`case when upload.deleted then excluded.id else upload.id end`,
            created_at: sql<Date>`case when upload.deleted then excluded.created_at else upload.created_at end`,
            deleted: false,
          }),
        )
        .returningAll()
        .executeTakeFirstOrThrow();
      return uploadFromRow(row);
    },
    async findUpload(tenant, id) {
      const row = await db
        .selectFrom('upload')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '=', id)
        .where('deleted', '=', false)
        .executeTakeFirst();
      return row === undefined ? null : uploadFromRow(row);
    },

    pictures: sqlPictures(db),
    sets: sqlSets(db),
    retention: sqlRetention(db),
    trainings: sqlTrainings(db),
    idempotency: sqlIdempotency(db),
    webhooks: sqlWebhooks(db, onChange),
    keys: sqlKeys(db, onKeyChange),
    secrets: sqlSecrets(db),
    usage: sqlUsage(db),
    workers: sqlWorkers(db),
    overview: sqlOverview(db),
    previews,

    vacuum: async (how) => await database.vacuum(how),
    async ping() {
      await sql`select 1`.execute(db);
    },
    async close() {
      previews.close();
      await database.close();
    },
  };
}

/** Rows of jobs by their ids, in that order, whoever's they are; null for ids that none has. */
async function rowsById(db: Kysely<Tables>, ids: readonly string[]): Promise<readonly (JobRow | null)[]> {
  const rows = await db
    .selectFrom('job')
    .selectAll()
    .where('id', '=', sql<string>`any (${ids}::text[])`)
    .where(isAccepted)
    .execute();
  const found = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => found.get(id) ?? null);
}

/** Not an item of a batch that is still being written, or is being deleted. */
function isAccepted(job: ExpressionBuilder<Tables, 'job'>) {
  const { eb } = job;
  const accepted = eb
    .selectFrom('batch')
    .select('batch.id')
    .whereRef('batch.id', '=', 'job.batch_id')
    .where('batch.accepted', '=', true);
  return eb.or([eb('job.batch_id', 'is', null), eb.exists(accepted)]);
}
