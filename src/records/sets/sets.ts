import { sql, type Kysely, type Selectable } from 'kysely';
import type { SetUploadTable, Tables } from '../schema/schema.ts';
import { isNamed, lockUnused, type UploadDeletion } from '../pictures/pictures.ts';
import type {
  NewSet,
  PieceOutcome,
  SetBegin,
  SetMade,
  SetPart,
  SetQuery,
  SetQuota,
  SetStart,
  SetUpload,
  StoredPiece,
} from './set-upload.ts';

/**
 * Training sets while they arrive and afterwards. One sender writes at a time: each that begins gets a number, and what one with an
 * older number has stored does not count any more, so that whoever goes on after a break waits for nobody. A quota is held to in the
 * same transaction that takes of it. A set that a job names is in use; see {@link SetUpload.key}.
 */
export interface SetRecords {
  create(set: NewSet, quota: SetQuota): Promise<SetMade>;
  /** Null where this tenant has none of that id. */
  find(tenant: string, id: string): Promise<SetUpload | null>;
  /** Newest first. */
  list(tenant: string, query: SetQuery): Promise<readonly SetUpload[]>;
  /** Begins or goes on to write, in place of whoever did; a size that is said is reserved. */
  begin(tenant: string, id: string, start: SetStart, quota: SetQuota): Promise<SetBegin>;
  /** Counts a piece that is in the store, by compare-and-set on writer and bytes. */
  store(id: string, piece: StoredPiece, quota: SetQuota): Promise<PieceOutcome>;
  /** What is there is all of it: for one whose size nobody said. False where another one writes by now. */
  finish(id: string, writer: number, size: number): Promise<boolean>;
  /** Marks sets as used now, and returns those that are there, in the order of `ids`. */
  use(tenant: string, ids: readonly string[]): Promise<readonly SetUpload[]>;
  /** Its objects, in their order; none where it is gone. */
  parts(tenant: string, id: string): Promise<readonly SetPart[]>;
  /** The last of its objects; null where it has none. */
  lastPart(id: string): Promise<(SetPart & { readonly index: number }) | null>;
  /**
   * Deletes a set that no job uses which has not ended: nobody sees it any more, and the next `deleteLoose` deletes the rest. With `before`
   * only where it was last used before that and no job names it.
   */
  delete(tenant: string, id: string, before?: Date): Promise<UploadDeletion>;
  /** Sets that were last used before a time and that no job names, the oldest first. */
  unused(before: UnusedSince, limit: number): Promise<readonly UnusedSet[]>;
  /** Sets that are deleted and whose objects may still be there. */
  deleted(limit: number): Promise<readonly { readonly id: string; readonly key: string }[]>;
  /** Their objects are gone. */
  endDeletion(id: string): Promise<void>;
  /** Which of these objects are pieces of sets. */
  knownParts(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Bytes that sets which are not whole have announced and that are still to come, of all tenants. */
  awaitedBytes(): Promise<number>;
}

/** Times before which sets must have been used last; of whole ones null for never. */
export interface UnusedSince {
  readonly whole: Date | null;
  readonly unfinished: Date;
}

export interface UnusedSet {
  readonly tenant: string;
  readonly id: string;
  readonly usedBefore: Date;
}

const upload = sql.table('armature.set_upload');
const part = sql.table('armature.set_part');

/** First half of the key of the advisory lock under which a tenant's quota is taken of: the letters SETS. */
const quotaLock = 0x53455453;

export function sqlSets(db: Kysely<Tables>): SetRecords {
  return {
    create: (set, quota) =>
      db.transaction().execute(async (transaction) => {
        const held = await heldBy(transaction, set.tenant);
        if (held.unfinished >= quota.unfinished) return { kind: 'unfinished' };
        if (held.bytes + (set.size ?? 0) > quota.bytes) return { kind: 'quota', held: held.bytes };
        const row = await transaction
          .insertInto('set_upload')
          .values({
            id: set.id,
            tenant: set.tenant,
            key: set.key,
            name: set.name,
            size: set.size,
            created_at: set.createdAt,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return { kind: 'made', set: setFromRow(row) };
      }),

    async find(tenant, id) {
      const row = await sets(db, tenant).where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : setFromRow(row);
    },

    async list(tenant, { before, limit }) {
      const query = before === undefined ? sets(db, tenant) : sets(db, tenant).where('id', '<', before);
      return (await query.orderBy('id', 'desc').limit(limit).execute()).map(setFromRow);
    },

    begin: (tenant, id, start, quota) =>
      db.transaction().execute(async (transaction) => await begin(transaction, { tenant, id }, start, quota)),

    store: (id, piece, quota) =>
      db.transaction().execute(async (transaction) => await store(transaction, id, piece, quota)),

    async finish(id, writer, size) {
      const { rows } = await sql`
        update ${upload} set size = ${size}, used_at = now()
        where id = ${id} and writer = ${writer} and received = ${size} and not deleted
          and (size is null or size = ${size}) returning 1`.execute(db);
      return rows.length > 0;
    },

    async use(tenant, ids) {
      const rows = await db
        .updateTable('set_upload')
        .set({ used_at: sql<Date>`now()` })
        .where('tenant', '=', tenant)
        .where('id', '=', sql<string>`any (${ids}::text[])`)
        .where('deleted', '=', false)
        .returningAll()
        .execute();
      const found = new Map(rows.map((row) => [row.id, setFromRow(row)]));
      return ids.flatMap((id) => found.get(id) ?? []);
    },

    async parts(tenant, id) {
      return await db
        .selectFrom('set_part')
        .innerJoin('set_upload', 'set_upload.id', 'set_part.set_id')
        .select(['set_part.key', 'set_part.bytes'])
        .where('set_upload.tenant', '=', tenant)
        .where('set_upload.id', '=', id)
        .where('set_upload.deleted', '=', false)
        .orderBy('set_part.index')
        .execute();
    },

    async lastPart(id) {
      const query = db.selectFrom('set_part').select(['index', 'key', 'bytes']).where('set_id', '=', id);
      return (await query.orderBy('index', 'desc').limit(1).executeTakeFirst()) ?? null;
    },

    delete: (tenant, id, before) =>
      db.transaction().execute(async (transaction) => {
        const found = await lockUnused(transaction, upload, { tenant, id, before });
        if (typeof found === 'string') return found;
        await sql`update ${upload} set deleted = true where id = ${id}`.execute(transaction);
        return 'deleted';
      }),

    async unused({ whole, unfinished }, limit) {
      const { rows } = await sql<{ tenant: string; id: string; whole: boolean }>`
        select tenant, id, ${isWhole} as whole from ${upload} as upload
        where not deleted and used_at < case when ${isWhole}
            then ${whole}::timestamptz else ${unfinished}::timestamptz end
          and not ${isNamed(sql`upload.key`)}
        order by used_at limit ${limit}`.execute(db);
      return rows.map(({ tenant, id, ...found }) => ({
        tenant,
        id,
        usedBefore: found.whole && whole !== null ? whole : unfinished,
      }));
    },

    async deleted(limit) {
      return await db.selectFrom('set_upload').select(['id', 'key']).where('deleted', '=', true).limit(limit).execute();
    },
    async endDeletion(id) {
      await db.deleteFrom('set_upload').where('id', '=', id).where('deleted', '=', true).execute();
    },

    async knownParts(keys) {
      const { rows } = await sql<{ key: string }>`select key from ${part} where key = any(${keys})`.execute(db);
      return new Set(rows.map(({ key }) => key));
    },

    async awaitedBytes() {
      const { rows } = await sql<{ bytes: number }>`
        select coalesce(sum(size - received), 0)::float8 as bytes from ${upload}
        where not deleted and size > received`.execute(db);
      return rows[0]!.bytes;
    },
  };
}

/** Whether all of a set is there, as {@link setFromRow} says it. */
const isWhole = sql<boolean>`coalesce(size = received and archive is not null, false)`;

async function begin(
  db: Kysely<Tables>,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  { at, size }: SetStart,
  quota: SetQuota,
): Promise<SetBegin> {
  // First the lock and then the row, as whoever stores a piece does.
  const held = await heldBy(db, tenant);
  const row = await sets(db, tenant).where('id', '=', id).forUpdate().executeTakeFirst();
  if (row === undefined) return { kind: 'absent' };
  const set = setFromRow(row);
  if (at > set.received) return { kind: 'gap', set };
  if (size !== null && (size < set.received || (set.size !== null && set.size !== size))) return { kind: 'size', set };
  const wanted = set.size === null && size !== null ? size - set.received : 0;
  if (held.bytes + wanted > quota.bytes) return { kind: 'quota', set, held: held.bytes };
  const begun = await db
    .updateTable('set_upload')
    .set((column) => ({
      size: size ?? column.ref('size'),
      writer: sql<number>`${column.ref('writer')} + 1`,
      used_at: sql<Date>`now()`,
    }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return { kind: 'begun', set: setFromRow(begun), writer: begun.writer };
}

async function store(
  db: Kysely<Tables>,
  id: string,
  { writer, index, part: { key, bytes }, from, to, archive }: StoredPiece,
  quota: SetQuota,
): Promise<PieceOutcome> {
  const known = await db.selectFrom('set_upload').select(['tenant', 'size']).where('id', '=', id).executeTakeFirst();
  if (known === undefined) return { kind: 'lost' };
  if (known.size === null) {
    const held = await heldBy(db, known.tenant);
    if (held.bytes + to - from > quota.bytes) return { kind: 'quota', held: held.bytes };
  }
  const { rows } = await sql`
    update ${upload} set received = ${to}, archive = ${archive}, used_at = now()
    where id = ${id} and writer = ${writer} and received = ${from} and not deleted
      and (size is null or size >= ${to}) returning 1`.execute(db);
  if (rows.length === 0) return { kind: 'lost' };
  const before = await db
    .selectFrom('set_part')
    .select('key')
    .where('set_id', '=', id)
    .where('index', '=', index)
    .executeTakeFirst();
  await db
    .insertInto('set_part')
    .values({ set_id: id, index, key, bytes })
    .onConflict((conflict) => conflict.columns(['set_id', 'index']).doUpdateSet({ key, bytes }))
    .execute();
  return { kind: 'stored', replaced: before?.key ?? null };
}

/** What a tenant has of sets, under the lock that keeps it so until the end of the transaction. */
async function heldBy(
  db: Kysely<Tables>,
  tenant: string,
): Promise<{ readonly bytes: number; readonly unfinished: number }> {
  await sql`select pg_advisory_xact_lock(${sql.lit(quotaLock)}, hashtext(${tenant}))`.execute(db);
  const { rows } = await sql<{ bytes: number; unfinished: number }>`
    select coalesce(sum(greatest(size, received)), 0)::float8 as bytes,
      count(*) filter (where not ${isWhole})::integer as unfinished
    from ${upload} where tenant = ${tenant} and not deleted`.execute(db);
  return rows[0]!;
}

function sets(db: Kysely<Tables>, tenant: string) {
  return db.selectFrom('set_upload').selectAll().where('tenant', '=', tenant).where('deleted', '=', false);
}

function setFromRow(row: Selectable<SetUploadTable>): SetUpload {
  const size = row.size === null ? null : Number(row.size);
  const received = Number(row.received);
  return {
    id: row.id,
    tenant: row.tenant,
    key: row.key,
    name: row.name,
    size,
    received,
    whole: size === received && row.archive !== null,
    archive: row.archive,
    createdAt: row.created_at,
    usedAt: row.used_at,
  };
}
