import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { takeTurns } from '../../src/queue/turns.ts';
import { openEmbedded } from '../../src/records/database/embedded.ts';
import { migrate } from '../../src/records/schema/migrations/migrate.ts';
import { migrations } from '../../src/records/schema/migrations/index.ts';
import { openPostgres } from '../../src/records/database/postgres.ts';
import type { Records } from '../../src/records/records.ts';
import { recordsSchema, type Tables } from '../../src/records/schema/schema.ts';
import type { SqlClient, SqlDatabase, SqlPool } from '../../src/records/database/sql-pool.ts';
import { previewsOver, within } from '../../src/records/previews/previews.ts';
import { sqlRecords } from '../../src/records/sql-records.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { postgresMissing, startPostgres, type TestServer } from '../support/servers.ts';
import { newJob } from './conformance.ts';

/** What requests, the feeder and a sweep ask again and again, by name. */
const asked: Readonly<Record<string, (records: Records) => Promise<unknown>>> = {
  'a page of jobs': async (records) => await records.listJobs('t1', { limit: 21 }),
  'the last that were drawn': async (records) => await records.listJobs('t1', { limit: 20, status: 'succeeded' }),
  'a job': async (records) => await records.findJob('t1', 'gen_w_000501'),
  'places in the queue': async (records) => {
    const page = await records.listJobs('t1', { limit: 21, status: 'queued' });
    await Promise.all(page.map(async (job) => await records.countAhead(job)));
    await records.countAhead((await records.findJob('t1', 'gen_w_000501'))!);
  },
  'a submission': async (records) => await records.insertJob(newJob('t1')),
  'how many wait': async (records) => {
    await records.scheduling.depth(null, 1e6);
    await records.scheduling.depth('t1', 1e6);
  },
  'a pass of the feeder': async (records) => {
    const choose: typeof takeTurns = () => ({ tickets: [], deficits: new Map(), more: false });
    await records.scheduling.dispatch(choose, { tenant: 32, total: 64 });
  },
  'a cancel': async (records) => await records.requestCancel('t1', 'gen_w_000701'),
  'figures of the queue': async (records) => await records.overview.queue(),
  'figures of tenants and batches': async (records) => {
    await records.overview.tenants(20);
    await records.overview.batches(20);
  },
  'jobs that are to be deleted': async (records) => {
    const jobs = await records.retention.endedJobs({ before: new Date(), limit: 16 });
    await records.retention.jobsToFree(1e6, 16);
    await records.retention.endedJobs({ tenant: 't1', limit: 16 });
    await records.retention.deleteJobs(jobs.map(({ id }) => id));
  },
  'what is stored': async (records) => await records.retention.storedBytes(),
};

/** Jobs of two tenants, as many ended as waiting ones. */
async function grow(database: SqlDatabase, from: number, to: number): Promise<void> {
  const jobs = (prefix: string, status: string, ended: string): string => `
    insert into armature.job (id, tenant, status, plan, warnings, cost, virtual_time, stored_bytes, finished_at)
    select 'gen_${prefix}_' || lpad(n::text, 6, '0'), 't' || n % 2, '${status}', '{"kind": "extraction"}', '[]', 100, n, 0, ${ended}
    from generate_series(${from}, ${to - 1}) as n;`;
  await database.pool.query(
    jobs('e', 'succeeded', "now() - interval '2 days' + n * interval '1 second'") +
      jobs('w', 'queued', 'null') +
      'analyze armature.job; analyze armature.flow',
  );
}

/** Rows that each of {@link asked} reads. */
async function measure(database: SqlDatabase): Promise<Readonly<Record<string, number>>> {
  let read = 0;
  const db = kyselyOver(counting(database.pool, (rows) => (read += rows)));
  const never = () => () => {};
  const records = sqlRecords(db, { onChange: never, onKeyChange: never, previews: previewsOver(within()) }, database);
  const found: Record<string, number> = {};
  for (const [name, ask] of Object.entries(asked)) {
    read = 0;
    await ask(records);
    found[name] = read;
  }
  return found;
}

/** Rows that a transaction has read of the tables of records, also by functions, and whether it could use them or not. */
async function rowsRead(client: SqlClient): Promise<number> {
  const { rows } = await client.query<{ read: number }>(`
    select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::integer as read
    from pg_stat_xact_user_tables where schemaname = 'armature'`);
  return rows[0]!.read;
}

/** A pool that runs every statement twice: first only to say how many rows it reads. */
function counting(pool: SqlPool, onRead: (rows: number) => void): Pick<SqlPool, 'connect' | 'end'> {
  return {
    end: async () => {},
    async connect() {
      const client = await pool.connect();
      let within = false;
      const counted = async (text: string, parameters?: readonly unknown[]): Promise<void> => {
        await client.query(within ? 'savepoint counted' : 'begin');
        const before = await rowsRead(client);
        await client.query(text, parameters);
        onRead((await rowsRead(client)) - before);
        await client.query(within ? 'rollback to savepoint counted' : 'rollback');
      };
      const query: SqlClient['query'] = async (text, parameters) => {
        if (/^\s*begin/.test(text)) within = true;
        if (/^\s*(commit|rollback)/.test(text)) within = false;
        if (/^\s*(with|select|insert|update|delete)/i.test(text)) await counted(text, parameters);
        return await client.query(text, parameters);
      };
      return { query, release: () => client.release() } as SqlClient;
    },
  };
}

function kyselyOver(pool: Pick<SqlPool, 'connect' | 'end'>): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) }).withSchema(
    recordsSchema,
  );
}

async function growth(database: SqlDatabase): Promise<void> {
  await migrate(kyselyOver(database.pool), migrations);
  await grow(database, 0, 2000);
  const small = await measure(database);
  await grow(database, 2000, 8000);
  const large = await measure(database);
  for (const name of Object.keys(asked)) {
    expect(large[name], `${name}: rows read of four times as many jobs`).toBeLessThanOrEqual(small[name]! * 1.2 + 20);
  }
}

describe('statements that are asked again and again read no more rows where more jobs wait or have ended', () => {
  it('in the embedded database', async () => {
    const database = await openEmbedded(`${await newDataFolder()}/database`);
    try {
      await growth(database);
    } finally {
      await database.close();
    }
  });

  describe.skipIf(postgresMissing !== null)(`PostgreSQL ${postgresMissing ?? ''}`, () => {
    let server: TestServer;
    beforeAll(async () => {
      server = await startPostgres();
    });
    afterAll(async () => await server.stop());

    it('on a server', async () => {
      const database = openPostgres(server.url);
      try {
        await growth(database);
      } finally {
        await database.close();
      }
    });
  });
});
