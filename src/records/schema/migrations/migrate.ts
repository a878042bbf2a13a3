import { sql, type Kysely } from 'kysely';
import { ArmatureError } from '../../../errors.ts';
import type { Migration } from './index.ts';
import { recordsSchema, type Tables } from '../schema.ts';

/** Key of the advisory lock under which one process migrates while others wait: the letters ARMA. */
const migrationLock = 0x41524d41;

/**
 * Applies those of `migrations` that the database has not had yet, in their order and in one transaction. A database that
 * a newer release has migrated is refused (`invalid_config`).
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
    const rows = await transaction.selectFrom('migration').select('version').execute();
    const applied = new Set(rows.map(({ version }) => version));
    const highest = Math.max(0, ...applied);
    if (highest > newest) {
      throw new ArmatureError(
        'invalid_config',
        `The database has schema version ${highest}, but this release knows versions up to ${newest}. ` +
          'Run the release that migrated it, or a newer one.',
      );
    }
    for (const migration of migrations.filter((pending) => !applied.has(pending.version))) {
      await migration.up(transaction);
      await transaction.insertInto('migration').values({ version: migration.version, name: migration.name }).execute();
    }
  });
}
