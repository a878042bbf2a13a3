import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/** Milliseconds after which a claim counts as one of a process that died. */
const staleClaim = 3_600_000;

/** Deletes an object of the store. Runs in a transaction: it must not ask the records. */
export type DeleteObject = (key: string) => Promise<void>;

/**
 * Who uses the pictures of requests. An input, which came with a request, is kept once however many jobs use it, and goes
 * with the last of them; an upload goes when it is deleted, or is old and used by nobody. What jobs use is what their plans
 * name. Between the moment in which a request's pictures are stored and that in which its job is written, a claim stands
 * for the job. An object is deleted under the lock of its row, so that it is never deleted from under a request that
 * counts on it; of an upload that is deleted nobody sees the row any more by then.
 */
export interface PictureRecords {
  /** Claims inputs, noted with their sizes, and marks uploads as used now. Returns the uploads that are not there any more. */
  claim(tenant: string, inputs: readonly InputSize[], uploads: readonly string[]): Promise<readonly string[]>;
  /** Ends a claim. Inputs that no job came to use are loose. */
  release(inputs: readonly string[], written: boolean): Promise<void>;
  /**
   * Looks at up to `limit` loose inputs, and as many uploads that are deleted, and deletes the objects and rows of those that
   * nobody uses. What cannot be deleted is looked at last from then on. Returns whether there may be more; throws what kept
   * the first one where nothing could be deleted.
   */
  deleteLoose(deleteObject: DeleteObject, limit: number): Promise<boolean>;
  /**
   * Deletes an upload that no waiting or running job uses: nobody sees it any more, and {@link deleteLoose} deletes the rest.
   * With `before` only where it was last used before that and no job names it.
   */
  deleteUpload(tenant: string, id: string, before?: Date): Promise<UploadDeletion>;
  /** Uploads that were last used before this time and that no job names, the oldest first. */
  unusedUploads(before: Date, limit: number): Promise<readonly { readonly tenant: string; readonly id: string }[]>;
}

export interface InputSize {
  readonly key: string;
  readonly bytes: number;
}

export type UploadDeletion = 'deleted' | 'absent' | 'in use';

const input = sql.table('armature.input');
const upload = sql.table('armature.upload');
const job = sql.table('armature.job');

/** Keys of the objects that a job's plan names; as the index over them has it. */
export const objectsOfPlan = sql`jsonb_path_query_array(plan, 'strict $.**.key')`;

/** Whether some job names the object whose key is `key`. */
export function isNamed(key: RawBuilder<unknown>, state = sql`true`): RawBuilder<boolean> {
  return sql<boolean>`exists (select from ${job} where ${objectsOfPlan} @> to_jsonb(${key}) and ${state})`;
}

const unended = sql`status not in ('succeeded', 'failed', 'cancelled')`;

/**
 * Locks an upload that may be deleted, until the transaction ends: with `before` one that was not used since and that no job names, else one that no job
 * names which has not ended.
 */
export async function lockUnused(
  db: Kysely<Tables>,
  uploads: RawBuilder<unknown>,
  { tenant, id, before }: { readonly tenant: string; readonly id: string; readonly before: Date | undefined },
): Promise<{ readonly key: string } | Exclude<UploadDeletion, 'deleted'>> {
  const { rows } = await sql<{ key: string }>`
    select key from ${uploads} where tenant = ${tenant} and id = ${id} and not deleted
      and (${before ?? null}::timestamptz is null or used_at < ${before ?? null})
    for update`.execute(db);
  const found = rows[0];
  if (found === undefined) return 'absent';
  const naming = isNamed(sql`${found.key}::text`, before === undefined ? unended : sql`true`);
  const { rows: used } = await sql<{ used: boolean }>`select ${naming} as used`.execute(db);
  return used[0]?.used === true ? 'in use' : found;
}

export function sqlPictures(db: Kysely<Tables>): PictureRecords {
  return {
    async claim(tenant, inputs, uploads) {
      if (inputs.length > 0) {
        // In the order of keys: two requests with the same pictures must not wait for each other.
        await sql`
          insert into ${input} (key, tenant, bytes, claims)
          select key, ${tenant}, bytes, 1 from jsonb_to_recordset(${JSON.stringify(inputs)}::jsonb) as given (key text, bytes bigint)
          order by key collate "C"
          on conflict (key) do update set claims = input.claims + 1, used_at = now()`.execute(db);
      }
      if (uploads.length === 0) return [];
      const { rows } = await sql<{ key: string }>`
        update ${upload} set used_at = now() where key = any(${uploads}) and not deleted returning key`.execute(db);
      const found = new Set(rows.map(({ key }) => key));
      return uploads.filter((key) => !found.has(key));
    },

    async release(inputs, written) {
      if (inputs.length === 0) return;
      await sql`
        update ${input} set claims = greatest(claims - 1, 0), loose = loose or ${!written}
        where key = any(${inputs})`.execute(db);
    },

    deleteLoose: (deleteObject, limit) =>
      db.transaction().execute(async (transaction) => {
        const inputs = await deleteLooseInputs(transaction, deleteObject, limit);
        const uploads = await deleteDeletedUploads(transaction, deleteObject, limit);
        return inputs === limit || uploads === limit;
      }),

    deleteUpload: (tenant, id, before) =>
      db.transaction().execute(async (transaction) => {
        const found = await lockUnused(transaction, upload, { tenant, id, before });
        if (typeof found === 'string') return found;
        await sql`update ${upload} set deleted = true where key = ${found.key}`.execute(transaction);
        return 'deleted';
      }),

    async unusedUploads(before, limit) {
      const { rows } = await sql<{ tenant: string; id: string }>`
        select tenant, id from ${upload} as upload
        where used_at < ${before} and not deleted and not ${isNamed(sql`upload.key`)}
        order by used_at limit ${limit}`.execute(db);
      return rows;
    },
  };
}

async function deleteLooseInputs(db: Kysely<Tables>, deleteObject: DeleteObject, limit: number): Promise<number> {
  const stale = sql`(claims > 0 and used_at < now() - make_interval(secs => ${sql.lit(staleClaim / 1000)}))`;
  const { rows } = await sql<{ key: string }>`
    select key from ${input}
    where (loose and claims = 0) or ${stale}
    order by used_at, key limit ${limit} for update skip locked`.execute(db);
  if (rows.length === 0) return 0;
  const found = rows.map(({ key }) => key);
  // A statement of its own, which sees every job that was written before the rows were locked.
  const unused = await sql<{ key: string }>`
    select key from unnest(${found}::text[]) as key where not ${isNamed(sql`key`)}`.execute(db);
  const { gone, left } = await deleteObjects(
    unused.rows.map(({ key }) => key),
    deleteObject,
  );
  await sql`delete from ${input} where key = any(${gone})`.execute(db);
  await sql`update ${input} set loose = key = any(${left}), claims = 0,
    used_at = case when key = any(${left}) then now() else used_at end
    where key = any(${found})`.execute(db);
  return found.length;
}

async function deleteDeletedUploads(db: Kysely<Tables>, deleteObject: DeleteObject, limit: number): Promise<number> {
  const { rows } = await sql<{ key: string }>`
    select key from ${upload} where deleted order by used_at, key limit ${limit} for update skip locked`.execute(db);
  const { gone, left } = await deleteObjects(
    rows.map(({ key }) => key),
    deleteObject,
  );
  if (gone.length > 0) await sql`delete from ${upload} where key = any(${gone})`.execute(db);
  if (left.length > 0) await sql`update ${upload} set used_at = now() where key = any(${left})`.execute(db);
  return rows.length;
}

async function deleteObjects(
  keys: readonly string[],
  deleteObject: DeleteObject,
): Promise<{ readonly gone: readonly string[]; readonly left: readonly string[] }> {
  const gone: string[] = [];
  const failures: { readonly key: string; readonly error: unknown }[] = [];
  for (const key of keys) {
    try {
      await deleteObject(key);
      gone.push(key);
    } catch (error) {
      failures.push({ key, error });
    }
  }
  if (failures.length > 0 && gone.length === 0) throw failures[0]!.error;
  return { gone, left: failures.map(({ key }) => key) };
}
