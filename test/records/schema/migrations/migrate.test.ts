import { Kysely, PostgresDialect, sql, type PostgresPool } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEmbedded } from '../../../../src/records/database/embedded.ts';
import { migrate } from '../../../../src/records/schema/migrations/migrate.ts';
import { migrations, type Migration } from '../../../../src/records/schema/migrations/index.ts';
import { openRecords } from '../../../../src/records/open.ts';
import { openPostgres } from '../../../../src/records/database/postgres.ts';
import type { Tables } from '../../../../src/records/schema/schema.ts';
import type { SqlDatabase } from '../../../../src/records/database/sql-pool.ts';
import { newDataFolder } from '../../../support/embedded-template.ts';
import { postgresMissing, startPostgres, type TestServer } from '../../../support/servers.ts';

function kyselyOver(database: SqlDatabase): Kysely<Tables> {
  const pool = database.pool as unknown as PostgresPool;
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema('armature');
}

const known = migrations.map(({ version }) => version);

const next: Migration = {
  version: known.at(-1)! + 1,
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

  it('are in the order of their numbers, which begin with 1', () => {
    expect(known[0]).toBe(1);
    expect(known).toEqual([...new Set(known)].toSorted((a, b) => a - b));
  });

  it('are applied once, and a further one later', async () => {
    await migrate(db, migrations);
    await migrate(db, migrations);
    expect(await versions()).toEqual(known);
    await migrate(db, [...migrations, next]);
    expect(await versions()).toEqual([...known, next.version]);
  });

  it('leave a database alone that a newer release has migrated', async () => {
    await expect(migrate(db, migrations)).rejects.toMatchObject({ code: 'invalid_config' });
    expect(await versions()).toEqual([...known, next.version]);
  });

  it('leave nothing behind when one fails', async () => {
    const broken: Migration = {
      version: next.version + 1,
      name: 'broken',
      async up(transaction) {
        await transaction.schema.createTable('half').addColumn('id', 'text').execute();
        await sql`select * from nowhere`.execute(transaction);
      },
    };
    await expect(migrate(db, [...migrations, next, broken])).rejects.toThrow(/nowhere/);
    expect(await versions()).toEqual([...known, next.version]);
    await expect(sql`select * from armature.half`.execute(db)).rejects.toThrow(/half/);
  });
});

describe('a migration that was released after one with a higher number', () => {
  it('is applied too', async () => {
    const database = await openEmbedded(`${await newDataFolder()}/database`);
    const db = kyselyOver(database);
    const column = (version: number, name: string): Migration => ({
      version,
      name,
      async up(transaction) {
        await transaction.schema.alterTable('job').addColumn(name, 'text').execute();
      },
    });
    const [lower, higher] = [column(1001, 'lower'), column(1002, 'higher')];
    await migrate(db, [...migrations, higher]);
    await migrate(db, [...migrations, lower, higher]);
    const { rows } = await database.pool.query(
      'select version from armature.migration where version > 1000 order by applied_at, version',
    );
    expect(rows.map((row) => row['version'])).toEqual([1002, 1001]);
    await database.close();
  });
});

describe('the migration that keeps sums of what is stored', () => {
  it('counts what was there before', async () => {
    const database = await openEmbedded(`${await newDataFolder()}/database`);
    const db = kyselyOver(database);
    await migrate(
      db,
      migrations.filter(({ version }) => version < 11),
    );
    await database.pool.query(`
      insert into armature.job (id, tenant, status, plan, warnings, stored_bytes)
        select 'gen_' || n, 't', 'succeeded', '{}', '[]', 1000 * n from generate_series(1, 4) as n;
      insert into armature.input (key, tenant, bytes) values ('i', 't', 5000000000);
      insert into armature.upload (id, tenant, key, sha256, content_type, bytes, width, height)
        values ('upl_1', 't', 'u', '00', 'image/png', 7, 8, 8)`);
    await migrate(db, migrations);
    const sum = async () =>
      Number((await database.pool.query('select sum(bytes) from armature.stored_change')).rows[0]!['sum']);
    expect(await sum()).toBe(5_000_010_007);
    await database.pool.query(`
      update armature.job set stored_bytes = 1 where id = 'gen_4';
      update armature.job set priority = 9;
      delete from armature.job where id = 'gen_1';
      delete from armature.upload`);
    expect(await sum()).toBe(5_000_010_000 - 3999 - 1000);
    await database.close();
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
    const { rows } = await database.pool.query('select version from armature.migration order by version');
    expect(rows).toEqual(known.map((version) => ({ version })));
    await Promise.all([database.close(), ...opened.map(({ records }) => records.close())]);
  });
});
