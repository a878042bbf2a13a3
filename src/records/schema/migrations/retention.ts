import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What is stored for whom, how much it is, and what uses it. */
export async function createRetention(db: Kysely<Tables>): Promise<void> {
  const now = sql`now()`;
  await db.schema
    .alterTable('job')
    .addColumn('stored_bytes', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  // Every object that a plan names, whatever field of it: whoever writes a job need not tell anybody what it uses.
  await sql`
    create index job_objects on ${sql.table('armature.job')}
    using gin (jsonb_path_query_array(plan, 'strict $.**.key') jsonb_path_ops)`.execute(db);

  await db.schema
    .createTable('input')
    .addColumn('key', sql`text collate "C"`, (column) => column.primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .addColumn('claims', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('loose', 'boolean', (column) => column.notNull().defaultTo(false))
    .addColumn('used_at', 'timestamptz', (column) => column.notNull().defaultTo(now))
    .execute();
  await sql`create index input_to_look_at on ${sql.table('armature.input')} (key) where loose or claims > 0`.execute(
    db,
  );
  await db.schema.createIndex('input_of_tenant').on('input').column('tenant').execute();

  await db.schema.alterTable('upload').addColumn('used_at', 'timestamptz').execute();
  await sql`update ${sql.table('armature.upload')} set used_at = created_at`.execute(db);
  await sql`alter table ${sql.table('armature.upload')}
    alter column used_at set default now(), alter column used_at set not null`.execute(db);
  await db.schema.createIndex('upload_by_use').on('upload').column('used_at').execute();

  await db.schema
    .createTable('sweep')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('at', 'timestamptz', (column) => column.notNull())
    .execute();
  await fillIn(db);
}

/** What was there before: sizes of results, and inputs, whose sizes nobody noted. */
async function fillIn(db: Kysely<Tables>): Promise<void> {
  const job = sql.table('armature.job');
  await sql`
    update ${job} set stored_bytes = (
      select coalesce(sum((file->>'bytes')::bigint), 0)
      from jsonb_array_elements(result->'outputs' || (result->'maps')) as file)
    where result is not null`.execute(db);
  await sql`
    insert into ${sql.table('armature.input')} (key, tenant, bytes)
    select distinct key, tenant, 0 from (
      select jsonb_path_query(plan, 'strict $.**.key') #>> '{}' as key, tenant from ${job}) as used
    where key like 'tenants/%/inputs/%'`.execute(db);
  await sql`update ${job} set plan = jsonb_set(plan, '{output,metadata}', 'true')
    where plan->>'kind' = 'generation' and plan->'output'->'metadata' is null`.execute(db);
}
