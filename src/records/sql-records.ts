import { sql, type Kysely } from 'kysely';
import { sqlBatches } from './batches.ts';
import { countAhead } from './count-ahead.ts';
import { sqlIdempotency, underClaim } from './idempotency.ts';
import { type KeyRecords, sqlKeys } from './keys.ts';
import { sqlOverview } from './overview.ts';
import { sqlFaults } from './faults.ts';
import type { Records } from './records.ts';
import { eventFromRow, jobFromRow, uploadFromRow } from './rows.ts';
import { sqlScheduling } from './scheduling.ts';
import type { Tables } from './schema.ts';
import { sqlUsage } from './usage.ts';
import * as transitions from './transitions.ts';
import { sqlWebhooks } from './webhooks.ts';

/** What records are told of changes, in any process. */
export interface ChangeSources {
  readonly onChange: Records['onChange'];
  readonly onKeyChange: KeyRecords['onChange'];
}
import { sqlWorkers } from './workers.ts';

/** Records over a database whose tables are migrated. */
export function sqlRecords(
  db: Kysely<Tables>,
  { onChange, onKeyChange }: ChangeSources,
  close: () => Promise<void>,
): Records {
  const findJob: Records['findJob'] = async (tenant, id) => {
    const row = await db
      .selectFrom('job')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : jobFromRow(row);
  };

  return {
    insertJob: async (job) =>
      await underClaim(db, job.claim, job.id, async (within) => await transitions.insertJob(within, job)),
    findJob,
    async listJobs(tenant, { status, before, limit }) {
      let query = db.selectFrom('job').selectAll().where('tenant', '=', tenant);
      query = status === undefined ? query : query.where('status', '=', status);
      query = before === undefined ? query : query.where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(jobFromRow);
    },
    countAhead: (job) => countAhead(db, job.id),
    deleteJob: (tenant, id) => transitions.deleteJob(db, tenant, id),

    startAttempt: (tenant, id) => transitions.startAttempt(db, tenant, id),
    reportProgress: (id, attempt, progress) => transitions.reportProgress(db, id, attempt, progress),
    commitResult: (id, attempt, result) => transitions.commitResult(db, id, attempt, result),
    failAttempt: (id, attempt, error) => transitions.failAttempt(db, id, attempt, error),
    releaseAttempt: (id, attempt, reason) => transitions.releaseAttempt(db, id, attempt, reason),
    cancelAttempt: (id, attempt) => transitions.cancelAttempt(db, id, attempt),

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
        // Assigning the value that is there already makes the statement return the row that came first.
        .onConflict((conflict) =>
          conflict.columns(['tenant', 'sha256']).doUpdateSet((row) => ({ sha256: row.ref('excluded.sha256') })),
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
        .executeTakeFirst();
      return row === undefined ? null : uploadFromRow(row);
    },

    idempotency: sqlIdempotency(db),
    webhooks: sqlWebhooks(db, onChange),
    keys: sqlKeys(db, onKeyChange),
    usage: sqlUsage(db),
    workers: sqlWorkers(db),
    overview: sqlOverview(db),

    async ping() {
      await sql`select 1`.execute(db);
    },
    close,
  };
}
