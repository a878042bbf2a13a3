import { Kysely, PostgresDialect, sql, type PostgresPool } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../src/records/embedded.ts';
import { migrate } from '../../src/records/migrate.ts';
import { migrations, type Migration } from '../../src/records/migrations/index.ts';
import { openRecords } from '../../src/records/open.ts';
import { openPostgres } from '../../src/records/postgres.ts';
import type { Tables } from '../../src/records/schema.ts';
import type { SqlDatabase } from '../../src/records/sql-pool.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { postgresMissing, startPostgres, type TestServer } from '../support/servers.ts';

function kyselyOver(database: SqlDatabase): Kysely<Tables> {
  const pool = database.pool as unknown as PostgresPool;
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('armature');
}

const next: Migration = {
  version: migrations.length + 1,
  name: 'a column',
  async up(db) {
    await db.schema.alterTable('job').addColumn('note', 'text').execute();
  },
};

describe('migrations', () => {
  let database: SqlDatabase;
  let db: Kysely<Tables>;
  beforeAll(async () => {
    database = await openEmbedded(`${await newDataFolder()}/database`);
    db = kyselyOver(database);
  });
  afterAll(() => database.close());

  const versions = async () =>
    (await db.selectFrom('migration').select('version').orderBy('version').execute()).map((row) => row.version);

  it('are numbered from 1 without a gap', () => {
    expect(migrations.map((migration) => migration.version)).toEqual(migrations.map((_, index) => index + 1));
  });

  it('are applied once, and a further one later', async () => {
    await migrate(db, migrations);
    await migrate(db, migrations);
    expect(await versions()).toEqual([1]);
    await migrate(db, [...migrations, next]);
    expect(await versions()).toEqual([1, 2]);
  });

  it('leave a database alone that a newer release has migrated', async () => {
    await expect(migrate(db, migrations)).rejects.toMatchObject({ code: 'invalid_config' });
    expect(await versions()).toEqual([1, 2]);
  });

  it('leave nothing behind when one fails', async () => {
    const broken: Migration = {
      version: 3,
      name: 'broken',
      async up(transaction) {
        await transaction.schema.createTable('half').addColumn('id', 'text').execute();
        await sql`select * from nowhere`.execute(transaction);
      },
    };
    await expect(migrate(db, [...migrations, next, broken])).rejects.toThrow(/nowhere/);
    expect(await versions()).toEqual([1, 2]);
    await expect(sql`select * from armature.half`.execute(db)).rejects.toThrow(/half/);
  });
});

describe.skipIf(postgresMissing !== null)(`migrations on PostgreSQL ${postgresMissing ?? ''}`, () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it('are applied once by several processes that start together', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => openRecords({ postgresUrl: server.url })));
    await Promise.all(opened.map(({ records }) => records.ping()));
    const database = openPostgres(server.url);
    const { rows } = await database.pool.query('select version from armature.migration');
    expect(rows).toEqual([{ version: 1 }]);
    await Promise.all([database.close(), ...opened.map(({ records }) => records.close())]);
  });
});
