import { sql, type Kysely, type RawBuilder } from 'kysely';
import type { Tables } from '../schema/schema.ts';

/** Rows of one statement: none may hold up those behind it for long, in the one session of the embedded database. */
const slice = 500;

/** Deletes the rows that a condition is true of, each slice by a statement of its own, until there are none. */
export async function deleteInSlices(
  db: Kysely<Tables>,
  table: keyof Tables,
  condition: RawBuilder<unknown>,
): Promise<void> {
  const name = sql.table(`armature.${table}`);
  const deleteSome = sql`
    delete from ${name} where ctid = any (array(select ctid from ${name} where ${condition} limit ${slice}))
      and ${condition} returning 1`;
  while ((await deleteSome.execute(db)).rows.length > 0);
}
