import { sql, type Kysely, type Selectable } from 'kysely';
import type { ApiKey } from '../../access/api-key.ts';
import type { ApiKeyTable, Tables } from '../schema/schema.ts';

/** The channel on which every change of a key is announced; the payload is the key's id. */
export const keyChannel = 'armature_keys';

/** A key with the hash that its text is compared with. */
export interface StoredKey {
  readonly key: ApiKey;
  /** SHA-256 of the text, in hex. */
  readonly hash: string;
}

export type NewApiKey = Pick<ApiKey, 'id' | 'name' | 'tenant' | 'scopes' | 'limits' | 'expiresAt'> & {
  readonly hash: string;
};

/** API keys. None is ever deleted: once there was one, the service asks for keys for good. */
export interface KeyRecords {
  insert(key: NewApiKey): Promise<ApiKey>;
  find(id: string): Promise<StoredKey | null>;
  /** Oldest first; of all tenants where none is named. */
  list(tenant?: string): Promise<readonly ApiKey[]>;
  /** Whether there ever was a key. */
  any(): Promise<boolean>;
  /** From now on it opens nothing. A key that was revoked before stays as it is; null where there is none of that id. */
  revoke(id: string): Promise<ApiKey | null>;
  /**
   * A successor with the same name, tenant, scopes, limits and lifetime takes the place of a key, which goes on for at most
   * `overlapSeconds`. Null where there is no such key, or it is revoked or has expired.
   */
  rotate(id: string, successor: Pick<NewApiKey, 'id' | 'hash'>, overlapSeconds: number): Promise<ApiKey | null>;
  /** Notes that a key was used, at most once a minute whoever says so. */
  touch(id: string): Promise<void>;
  /** Calls back with a key's id after it changed, in any process: a hint, as `Records.onChange`. */
  onChange(listener: (id: string) => void): () => void;
}

const announced = sql`pg_notify(${sql.lit(keyChannel)}, id)`.as('announced');

export function sqlKeys(db: Kysely<Tables>, onChange: KeyRecords['onChange']): KeyRecords {
  return {
    onChange,
    insert: (key) => insertKey(db, key, { account: key.id, ...columnsOf(key) }),
    async find(id) {
      const row = await db.selectFrom('api_key').selectAll().where('id', '=', id).executeTakeFirst();
      return row === undefined ? null : { key: keyFromRow(row), hash: row.hash };
    },
    async list(tenant) {
      const query = db.selectFrom('api_key').selectAll().orderBy('created_at').orderBy('id');
      return (await (tenant === undefined ? query : query.where('tenant', '=', tenant)).execute()).map(keyFromRow);
    },
    async any() {
      return (await db.selectFrom('api_key').select('id').limit(1).execute()).length > 0;
    },
    async revoke(id) {
      const row = await db
        .with('changed', (query) =>
          query
            .updateTable('api_key')
            .set({ revoked_at: sql<Date>`coalesce(revoked_at, now())` })
            .where('id', '=', id)
            .returningAll(),
        )
        .selectFrom('changed')
        .selectAll()
        .select(announced)
        .executeTakeFirst();
      return row === undefined ? null : keyFromRow(row);
    },
    rotate: (id, successor, overlapSeconds) =>
      db.transaction().execute((transaction) => rotateKey(transaction, id, successor, overlapSeconds)),
    async touch(id) {
      await db
        .updateTable('api_key')
        .set({ last_used_at: sql<Date>`now()` })
        .where('id', '=', id)
        .where(sql<boolean>`(last_used_at is null or last_used_at < now() - interval '1 minute')`)
        .execute();
    },
  };
}

type KeyColumns = Pick<
  Selectable<ApiKeyTable>,
  | 'account'
  | 'name'
  | 'tenant'
  | 'scopes'
  | 'submissions_per_minute'
  | 'reads_per_minute'
  | 'quota_cost'
  | 'quota_window'
  | 'expires_at'
>;

async function insertKey(
  db: Kysely<Tables>,
  { id, hash }: Pick<NewApiKey, 'id' | 'hash'>,
  columns: KeyColumns,
): Promise<ApiKey> {
  const row = await db
    .with('inserted', (query) =>
      query
        .insertInto('api_key')
        .values({ ...columns, id, hash, scopes: JSON.stringify(columns.scopes) })
        .returningAll(),
    )
    .selectFrom('inserted')
    .selectAll()
    .select(announced)
    .executeTakeFirstOrThrow();
  return keyFromRow(row);
}

async function rotateKey(
  db: Kysely<Tables>,
  id: string,
  successor: Pick<NewApiKey, 'id' | 'hash'>,
  overlapSeconds: number,
): Promise<ApiKey | null> {
  const old = await db
    .selectFrom('api_key')
    .selectAll()
    .select(sql<Date | null>`now() + (expires_at - created_at)`.as('next_expiry'))
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where(sql<boolean>`(expires_at is null or expires_at > now())`)
    .forUpdate()
    .executeTakeFirst();
  if (old === undefined) return null;
  const { account, name, tenant, scopes, submissions_per_minute, reads_per_minute, quota_cost, quota_window } = old;
  const kept = { account, name, tenant, scopes, submissions_per_minute, reads_per_minute, quota_cost, quota_window };
  await db
    .with('changed', (query) =>
      query
        .updateTable('api_key')
        // least() passes over null, which is a key that would have gone on for ever.
        .set({ expires_at: sql<Date>`least(expires_at, now() + make_interval(secs => ${overlapSeconds}))` })
        .where('id', '=', id)
        .returning('id'),
    )
    .selectFrom('changed')
    .select(announced)
    .execute();
  return await insertKey(db, successor, { ...kept, expires_at: old.next_expiry });
}

function columnsOf({ name, tenant, scopes, limits, expiresAt }: NewApiKey): Omit<KeyColumns, 'account'> {
  return {
    name,
    tenant,
    scopes,
    submissions_per_minute: limits.submissionsPerMinute,
    reads_per_minute: limits.readsPerMinute,
    quota_cost: limits.quota?.cost ?? null,
    quota_window: limits.quota?.window ?? null,
    expires_at: expiresAt,
  };
}

function keyFromRow(row: Selectable<ApiKeyTable>): ApiKey {
  const { quota_cost: cost, quota_window: window } = row;
  return {
    id: row.id,
    name: row.name,
    tenant: row.tenant,
    scopes: row.scopes,
    account: row.account,
    limits: {
      submissionsPerMinute: row.submissions_per_minute,
      readsPerMinute: row.reads_per_minute,
      quota: cost === null || window === null ? null : { cost, window },
    },
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
  };
}
