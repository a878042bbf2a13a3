import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

/** What counts as stored: a table, and its column of bytes. */
const counted = [
  ['job', 'stored_bytes'],
  ['input', 'bytes'],
  ['upload', 'bytes'],
] as const;

/**
 * How much is stored, as a sum of changes: whoever changes a size adds a row, in the same transaction, and waits for nobody.
 * The database does so itself, whichever statement it is. Rows are folded into one from time to time: see `foldSizes` in retention.ts.
 */
export async function keepStoredSizes(db: Kysely<Tables>): Promise<void> {
  const change = sql.table('armature.stored_change');
  await db.schema
    .createTable('stored_change')
    .addColumn('bytes', 'bigint', (column) => column.notNull())
    .execute();
  for (const [table, column] of counted) await noteChanges(db, table, column);
  // The triggers have locked out whoever else writes: nothing comes between them and this sum.
  const sums = counted.map(
    ([table, column]) => sql`
    select coalesce(sum(${sql.ref(column)}), 0) as bytes from ${sql.table(`armature.${table}`)}`,
  );
  await sql`
    insert into ${change} (bytes) select sum(bytes) from (${sql.join(sums, sql` union all `)}) as sums`.execute(db);
  // What is inserted goes into the index at once, and not thousands of rows together in some unlucky statement.
  await sql`alter index ${sql.table('armature.job_objects')} set (fastupdate = off)`.execute(db);
}

async function noteChanges(db: Kysely<Tables>, table: string, column: string): Promise<void> {
  const name = `note_${table}_size`;
  await sql`
    create function ${sql.ref(`armature.${name}`)}() returns trigger language plpgsql as ${sql.lit(`begin
      insert into armature.stored_change (bytes) values (case tg_op
        when 'INSERT' then new.${column} when 'DELETE' then -old.${column} else new.${column} - old.${column} end);
      return null;
    end`)}`.execute(db);
  const [now, before] = [sql.ref(`new.${column}`), sql.ref(`old.${column}`)];
  const changes = {
    insert: { event: sql`insert`, when: sql`${now} <> 0` },
    update: { event: sql`update of ${sql.ref(column)}`, when: sql`${now} <> ${before}` },
    delete: { event: sql`delete`, when: sql`${before} <> 0` },
  };
  for (const [kind, { event, when }] of Object.entries(changes)) {
    await sql`
      create trigger ${sql.ref(`${name}_${kind}`)} after ${event} on ${sql.table(`armature.${table}`)}
      for each row when (${when}) execute function ${sql.ref(`armature.${name}`)}()`.execute(db);
  }
}
