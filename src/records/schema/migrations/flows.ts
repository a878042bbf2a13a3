import { sql, type Kysely } from 'kysely';
import type { Tables } from '../schema.ts';

const waits = `status = 'queued' and dispatched_at is null`;
const came = `select tenant, coalesce(batch_id, '') as flow, 1 as jobs from after where ${waits}`;
const went = `select tenant, coalesce(batch_id, '') as flow, -1 as jobs from before where ${waits}`;

/** By how much more jobs wait after a statement: its rows as they were, and as they are. */
const changes = {
  insert: { rows: 'new table as after', changed: came },
  update: { rows: 'old table as before new table as after', changed: `${went} union all ${came}` },
  delete: { rows: 'old table as before', changed: went },
} as const;

/**
 * How many jobs of each flow wait in records, so that nobody has to count them. The database keeps it itself, whichever
 * statement changes jobs: once for each statement, and in the order of the flows, so that no two wait for each other. A flow
 * of which no job waits has no row.
 */
export async function keepFlows(db: Kysely<Tables>): Promise<void> {
  const flow = sql.table('armature.flow');
  const job = sql.table('armature.job');
  // Room for the next state of a row beside the last one, so that an update touches no index.
  await sql`
    create table ${flow} (
      tenant text not null, flow text collate "C" not null, jobs integer not null, primary key (tenant, flow)
    ) with (fillfactor = 50)`.execute(db);
  for (const [event, { rows, changed }] of Object.entries(changes)) {
    const name = sql.ref(`armature.note_flows_${event}`);
    await sql`
      create function ${name}() returns trigger language plpgsql as ${sql.lit(noting(changed))}`.execute(db);
    await sql`
      create trigger ${sql.ref(`note_flows_${event}`)} after ${sql.raw(event)} on ${job}
      referencing ${sql.raw(rows)} for each statement execute function ${name}()`.execute(db);
  }
  // The triggers have locked out whoever else writes: nothing comes between them and these counts.
  await sql`
    insert into ${flow} (tenant, flow, jobs)
    select tenant, coalesce(batch_id, ''), count(*) from ${job} where ${sql.raw(waits)} group by 1, 2`.execute(db);
}

function noting(changed: string): string {
  return `
    declare noted record;
    begin
      for noted in
        insert into armature.flow as kept (tenant, flow, jobs)
        select tenant, flow, sum(changed.jobs) from (${changed}) as changed
        group by tenant, flow having sum(changed.jobs) <> 0 order by tenant, flow
        on conflict (tenant, flow) do update set jobs = kept.jobs + excluded.jobs
        returning kept.tenant, kept.flow, kept.jobs
      loop
        if noted.jobs = 0 then
          delete from armature.flow where tenant = noted.tenant and flow = noted.flow and jobs = 0;
        end if;
      end loop;
      return null;
    end`;
}
