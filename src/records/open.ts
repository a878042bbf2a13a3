import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import { prepareDataFolder } from './data-folder/data-folder.ts';
import { openEmbedded } from './database/embedded.ts';
import { lockFolder } from './data-folder/folder-lock.ts';
import { keyChannel } from './access/keys.ts';
import { migrate } from './schema/migrations/migrate.ts';
import { migrations } from './schema/migrations/index.ts';
import { type Carrier, previewsOver, within } from './previews/previews.ts';
import type { Records } from './records.ts';
import { recordsSchema, type Tables } from './schema/schema.ts';
import type { SqlDatabase, SqlQueueEngine } from './database/sql-pool.ts';
import { sqlRecords } from './sql-records.ts';
import { changeKinds, jobChannel } from './schema/job-channel.ts';

/** Where records are: a PostgreSQL server, or the embedded database in a data folder. */
export type RecordsPlace = { readonly postgresUrl: string } | { readonly dataFolder: string };

export interface OpenRecords {
  /** Closing them closes the database, and so the queue that runs on it: close that first. */
  readonly records: Records;
  /** The queue in the same database, for `openQueue`. */
  readonly queueEngine: () => SqlQueueEngine;
}

/**
 * Opens records and migrates them. Told to give up while an embedded database is opened or made, it ends that at once, as the death
 * of the process would: the next opening goes on from there, or makes it anew.
 *
 * @throws ArmatureError `data_damaged` where the embedded database cannot be read, `data_in_use` where another process has the data folder, `unavailable` where PostgreSQL doesn't
 *   answer, `invalid_config` where a newer release has migrated the database or the folder, `cancelled` where it gave up
 */
export async function openRecords(place: RecordsPlace, giveUp?: AbortSignal): Promise<OpenRecords> {
  // Its own, of which nobody knows any more once all is open: from then on a database ends in order.
  const abandoned = new AbortController();
  const abandon = (): void => abandoned.abort();
  giveUp?.addEventListener('abort', abandon, { once: true });
  if (giveUp?.aborted === true) abandon();
  try {
    const opening =
      'postgresUrl' in place ? openServer(place.postgresUrl) : openLocked(place.dataFolder, abandoned.signal);
    return await openOver(await opening);
  } finally {
    giveUp?.removeEventListener('abort', abandon);
  }
}

async function openOver(database: SqlDatabase): Promise<OpenRecords> {
  try {
    return await recordsOver(database);
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
}

async function recordsOver(database: SqlDatabase): Promise<OpenRecords> {
  // The pool serves what Kysely uses of pg's: cursors are the rest, and no statement of ours has one.
  const pool = database.pool as unknown as PostgresPool;
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(recordsSchema);
  await migrate(db, migrations);
  const jobs = await announcements(database, jobChannel);
  const keys = await announcements(database, keyChannel);
  const onChange: Records['onChange'] = (listener) =>
    jobs((payload) => {
      const [id = '', kind] = payload.split(' ');
      listener(id, changeKinds.find((known) => known === kind) ?? 'state');
    });
  return {
    records: sqlRecords(db, { onChange, onKeyChange: keys, previews: previewsOver(carrierOf(database)) }, database),
    queueEngine: () => ({ kind: database.kind, pool: database.queuePool() }),
  };
}

const previewChannel = 'armature_previews';

/** An embedded database has one process; the others of a server are told by notifications. */
function carrierOf(database: SqlDatabase): Carrier {
  if (database.kind === 'embedded') return within();
  return {
    listen: async (listener) => await database.listen(previewChannel, listener),
    async send(text) {
      await database.pool.query('select pg_notify($1, $2)', [previewChannel, text]);
    },
  };
}

/** Listens to a channel for as long as the database is open; the result adds a listener and returns how to take it back. */
async function announcements(
  database: SqlDatabase,
  channel: string,
): Promise<(listener: (payload: string) => void) => () => void> {
  const listeners = new Set<(payload: string) => void>();
  await database.listen(channel, (payload) => {
    for (const listener of listeners) listener(payload);
  });
  return (listener) => {
    // Wrapped, so that one function may be given twice and be taken back once.
    const own = (payload: string): void => listener(payload);
    listeners.add(own);
    return () => listeners.delete(own);
  };
}

async function openServer(url: string): Promise<SqlDatabase> {
  // Its driver is loaded where there is one to talk to.
  const { openPostgres } = await import('./database/postgres.ts');
  return openPostgres(url);
}

/** The embedded database, under the lock of its folder. */
async function openLocked(dataFolder: string, abandoned: AbortSignal): Promise<SqlDatabase> {
  const { database: folder } = await prepareDataFolder(dataFolder);
  const lock = await lockFolder(dataFolder);
  try {
    const database = await openEmbedded(folder, abandoned);
    return {
      ...database,
      async close() {
        try {
          await database.close();
        } finally {
          await lock.release();
        }
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
