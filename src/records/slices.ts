import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from './schema.ts';

/** Rows of one statement: none may hold up those behind it for long, in the one session of the embedded database. */
const slice = 500;

/** Calls again until nothing is left to do, and adds up. */
export async function inSlices(some: () => Promise<number>): Promise<number> {
  let total = 0;
  for (let done = await some(); done > 0; done = await some()) total += done;
  return total;
}

/** Deletes up to a slice of the rows that a condition is true of; returns how many. */
export async function deleteSome(
  db: Kysely<Tables>,
  table: keyof Tables,
  condition: RawBuilder<unknown>,
): Promise<number> {
  const name = sql.table(`armature.${table}`);
  const { rows } = await sql`
    delete from ${name} where ctid = any (array(select ctid from ${name} where ${condition} limit ${slice}))
      and ${condition} returning 1`.execute(db);
  return rows.length;
}
