import { sql, type Kysely } from 'kysely';
import { ArmatureError } from '../errors.ts';
import type { Migration } from './migrations/index.ts';
import { recordsSchema, type Tables } from './schema.ts';

/** Key of the advisory lock under which one process migrates while others wait: the letters ARMA. */
const migrationLock = 0x41524d41;

/**
 * Brings the tables to the newest version of `migrations`, in one transaction. A database that a newer release has
 * migrated is refused (`invalid_config`).
 */
export async function migrate(db: Kysely<Tables>, migrations: readonly Migration[]): Promise<void> {
  const newest = migrations.at(-1)?.version ?? 0;
  await db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(transaction);
    await transaction.schema.createSchema(recordsSchema).ifNotExists().execute();
    await transaction.schema
      .createTable('migration')
      .ifNotExists()
      .addColumn('version', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('applied_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`now()`))
      .execute();
    const { version } = await transaction
      .selectFrom('migration')
      .select(sql<number>`coalesce(max(version), 0)`.as('version'))
      .executeTakeFirstOrThrow();
    if (version > newest) {
      throw new ArmatureError(
        'invalid_config',
        `The database has schema version ${version}, but this release knows versions up to ${newest}. ` +
          'Run the release that migrated it, or a newer one.',
      );
    }
    for (const migration of migrations.filter((pending) => pending.version > version)) {
      await migration.up(transaction);
      await transaction.insertInto('migration').values({ version: migration.version, name: migration.name }).execute();
    }
  });
}
