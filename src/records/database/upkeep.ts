import { setTimeout as pause } from 'node:timers/promises';
import { inBackground } from './background.ts';
import type { SqlPool } from './sql-pool.ts';

/** Milliseconds between two looks at the tables. */
const paceMs = 5_000;

/**
 * How many rows of a column are looked at for its statistics, in units of 300. With PostgreSQL's 100 a table of wide rows
 * takes over a second, in which nobody else's statement is answered; plans here need no more than a rough idea.
 */
const statisticsTarget = 10;

/** What a table needs, by what its statistics say and, since those are lost with the process, by how it has grown. */
const needs = `
  select format('%I.%I', schemaname, relname) as table,
    n_dead_tup > 1000 + 0.02 * greatest(reltuples, 0) as vacuum,
    pages > 50 + 2 * relpages or n_mod_since_analyze > 1000 + 0.2 * greatest(reltuples, 0) as analyze
  from (
    select tables.*, class.reltuples, class.relpages,
      pg_relation_size(class.oid) / current_setting('block_size')::integer as pages
    from pg_stat_user_tables as tables join pg_class as class on class.oid = tables.relid) as measured`;

interface TableNeeds {
  readonly table: string;
  readonly vacuum: boolean;
  readonly analyze: boolean;
}

export interface Upkeep {
  /** Resolves when what is being done is done. */
  close(): Promise<void>;
}

/** Says to a session that statistics are to be cheap. */
export const cheapStatistics = `SET default_statistics_target TO ${statisticsTarget}`;

/**
 * Does for the embedded database what autovacuum does for a PostgreSQL server: makes room of deleted rows, and counts anew
 * what is in a table that has grown or changed. Often and little by little, a table at a time, since everybody's statements
 * wait for it. What fails is done by the next look.
 */
export function startUpkeep(pool: Pick<SqlPool, 'query'>): Upkeep {
  const closing = new AbortController();
  const run = async (): Promise<void> => {
    for (;;) {
      await pause(paceMs, undefined, { signal: closing.signal, ref: false });
      await lookAfter(pool, closing.signal).catch(() => {});
    }
  };
  const running = inBackground(run).catch(() => {});
  return {
    async close() {
      closing.abort();
      await running;
    },
  };
}

async function lookAfter(pool: Pick<SqlPool, 'query'>, closing: AbortSignal): Promise<void> {
  const { rows } = await pool.query<TableNeeds>(needs);
  for (const { table, vacuum, analyze } of rows) {
    if (vacuum && !closing.aborted) await pool.query(`VACUUM ${table}`);
    if (analyze && !closing.aborted) await pool.query(`ANALYZE ${table}`);
  }
}

/** The same for all tables, whatever they need; `full` writes their files anew. */
export async function vacuumAll(pool: Pick<SqlPool, 'query'>, how: 'daily' | 'full'): Promise<void> {
  const { rows } = await pool.query<Pick<TableNeeds, 'table'>>(needs);
  for (const { table } of rows) {
    await pool.query(how === 'full' ? `VACUUM (FULL) ${table}` : `VACUUM ${table}`);
    await pool.query(`ANALYZE ${table}`);
  }
}
