import { sql, type Kysely } from 'kysely';
import { objectsOfPlan } from '../pictures/pictures.ts';
import { removeJobs } from '../jobs/remove-jobs.ts';
import type { Tables } from '../schema/schema.ts';
import { deleteInSlices } from '../database/delete-in-slices.ts';

/** Key of the advisory lock under which one process sweeps while others leave it alone: the letters ARMS. */
const sweepLock = 0x41524d53;

/** What is kept, and for how long it has been. */
export interface RetentionRecords {
  /** Runs `work` unless another process does its own at this time. */
  alone(work: () => Promise<void>): Promise<boolean>;
  /** Whether `name` was last due before `before`; from then on it is not, for anybody, until its time has come again. */
  due(name: string, before: Date, now: Date): Promise<boolean>;
  /** Bytes of everything that records know to be stored. Cheap: the database keeps the sum of all changes. */
  storedBytes(): Promise<number>;
  /** Makes one of the changes that {@link storedBytes} adds up. */
  foldSizes(): Promise<void>;
  /** Jobs in a final state, those that ended first at the front; of `tenant`, or of all. */
  endedJobs(query: EndedQuery): Promise<readonly EndedJob[]>;
  /**
   * Ended jobs, those that ended first at the front: no more than `limit`, and no more than may have to go until `bytes` are
   * free, if each takes along all of its inputs.
   */
  jobsToFree(bytes: number, limit: number): Promise<readonly EndedJob[]>;
  /** As `deleteJob`, in one statement for all of those that have ended. Returns which. */
  deleteJobs(ids: readonly string[]): Promise<readonly string[]>;
  /** Removes batches made before this time whose items have all been deleted. */
  deleteEmptyBatches(before: Date): Promise<void>;
  /** Which of these jobs there are, and which of their attempts is the last. */
  knownJobs(
    ids: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly attempt: number; readonly ended: boolean }>>;
  /** Which of these objects, inputs and uploads, have a record. */
  knownPictures(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Jobs that have been deleted and whose objects may still be there, by their ids; of `tenant`, or of all. */
  removals(query: RemovalQuery): Promise<readonly EndedJob[]>;
  /** The objects of these deleted jobs are gone. */
  endRemovals(ids: readonly string[]): Promise<void>;
  /** Jobs of a tenant that are not final. */
  unendedJobs(tenant: string, limit: number): Promise<readonly { readonly id: string; readonly running: boolean }[]>;
  /**
   * Removes what is left of a tenant without jobs: batches, uploads, inputs, keys of requests, deliveries, turns and usage.
   * Of its API keys rows without its name stay, which open nothing. In slices; where it is interrupted it can be called again.
   */
  eraseTenant(tenant: string): Promise<void>;
}

export interface RemovalQuery {
  readonly tenant?: string;
  /** Id of the last one of the previous page. */
  readonly after?: string;
  readonly limit: number;
}

export interface EndedQuery {
  readonly tenant?: string;
  readonly before?: Date;
  readonly limit: number;
}

export interface EndedJob {
  readonly tenant: string;
  readonly id: string;
}

const job = sql.table('armature.job');
const change = sql.table('armature.stored_change');
const final = sql`status in ('succeeded', 'failed', 'cancelled')`;

export function sqlRetention(db: Kysely<Tables>): RetentionRecords {
  return {
    alone: (work) =>
      db.connection().execute(async (connection) => {
        const { rows } = await sql<{
          taken: boolean;
        }>`select pg_try_advisory_lock(${sql.lit(sweepLock)}) as taken`.execute(connection);
        if (rows[0]?.taken !== true) return false;
        try {
          await work();
          return true;
        } finally {
          await sql`select pg_advisory_unlock(${sql.lit(sweepLock)})`.execute(connection);
        }
      }),

    async due(name, before, now) {
      const row = await db
        .insertInto('sweep')
        .values({ name, at: now })
        .onConflict((conflict) => conflict.column('name').doUpdateSet({ at: now }).where('sweep.at', '<=', before))
        .returning('name')
        .executeTakeFirst();
      return row !== undefined;
    },

    async storedBytes() {
      const { rows } = await sql<{ bytes: string }>`select coalesce(sum(bytes), 0) as bytes from ${change}`.execute(db);
      return Number(rows[0]?.bytes);
    },

    async foldSizes() {
      // Of two who fold at once the second finds the rows gone.
      await sql`
        with folded as (delete from ${change} returning bytes)
        insert into ${change} (bytes) select sum(bytes) from folded having count(*) > 0`.execute(db);
    },

    async endedJobs({ tenant, before, limit }) {
      let query = db
        .selectFrom('job')
        .select(['tenant', 'id'])
        .where('finished_at', 'is not', null)
        .where(sql<boolean>`${final}`);
      query = tenant === undefined ? query : query.where('tenant', '=', tenant);
      query = before === undefined ? query : query.where('finished_at', '<', before);
      return await query.orderBy('finished_at').orderBy('id').limit(limit).execute();
    },

    async jobsToFree(bytes, limit) {
      const input = sql.table('armature.input');
      const { rows } = await sql<EndedJob>`
        with ended as (
          select tenant, id, finished_at, stored_bytes + coalesce((
            select sum(bytes) from ${input} where key in (select jsonb_array_elements_text(${objectsOfPlan}))), 0) as bytes
          from ${job} where finished_at is not null and ${final} order by finished_at, id limit ${limit}),
        added as (select *, sum(bytes) over (order by finished_at, id) - bytes as before from ended)
        select tenant, id from added where before < ${bytes} order by finished_at, id`.execute(db);
      return rows;
    },

    deleteJobs: (ids) => removeJobs(db, sql`id = any(${ids}::text[]) and ${final}`),

    async deleteEmptyBatches(before) {
      const empty = sql`accepted and created_at < ${before} and not exists (
        select from ${job} as item where item.batch_id = batch.id)`;
      await deleteInSlices(db, 'batch', empty);
    },

    async knownJobs(ids) {
      const { rows } = await sql<{ id: string; attempt: number; ended: boolean }>`
        select id, attempt, ${final} as ended from ${job} where id = any(${ids})`.execute(db);
      return new Map(rows.map(({ id, ...known }) => [id, known]));
    },

    async knownPictures(keys) {
      const { rows } = await sql<{ key: string }>`
        select key from ${sql.table('armature.input')} where key = any(${keys})
        union all select key from ${sql.table('armature.upload')} where key = any(${keys})`.execute(db);
      return new Set(rows.map(({ key }) => key));
    },

    async removals({ tenant, after = '', limit }) {
      let query = db.selectFrom('removal').select(['tenant', 'job_id as id']).where('job_id', '>', after);
      query = tenant === undefined ? query : query.where('tenant', '=', tenant);
      return await query.orderBy('job_id').limit(limit).execute();
    },

    async endRemovals(ids) {
      await sql`delete from ${sql.table('armature.removal')} where job_id = any(${ids}::text[])`.execute(db);
    },

    async unendedJobs(tenant, limit) {
      const { rows } = await sql<{ id: string; running: boolean }>`
        select id, status = 'running' as running from ${job}
        where tenant = ${tenant} and status in ('queued', 'running', 'paused') order by id limit ${limit}`.execute(db);
      return rows;
    },

    async eraseTenant(tenant) {
      for (const table of ownTables) {
        await deleteInSlices(db, table, sql`tenant = ${tenant}`);
      }
      // The accounts are known by the keys, which lose their tenant last.
      const accounts = db.selectFrom('api_key').select('account').where('tenant', '=', tenant);
      await db.deleteFrom('usage').where('account', 'in', accounts).execute();
      await db.updateTable('api_key').set({ tenant: '', name: '' }).where('tenant', '=', tenant).execute();
    },
  };
}

/** What has a tenant's name on it, but for jobs. */
const ownTables = [
  'webhook_delivery',
  'batch',
  'upload',
  'input',
  'idempotency_key',
  'tenant_turn',
  'removal',
  'set_upload',
  'trained_model',
] as const;
