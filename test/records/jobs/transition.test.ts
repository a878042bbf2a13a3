import { Kysely, PostgresDialect, type PostgresPool } from 'kysely';
import { expect, it } from 'vitest';
import { openEmbedded } from '../../../src/records/database/embedded.ts';
import { insertJobs } from '../../../src/records/jobs/insert-jobs.ts';
import { migrate } from '../../../src/records/schema/migrations/migrate.ts';
import { migrations } from '../../../src/records/schema/migrations/index.ts';
import { recordsSchema, type Tables } from '../../../src/records/schema/schema.ts';
import { transitions } from '../../../src/records/jobs/transition.ts';
import { newDataFolder } from '../../support/embedded-template.ts';
import { newJob } from '../conformance.ts';

it('several jobs that one statement ends have an event each for their receivers', async () => {
  const database = await openEmbedded(`${await newDataFolder()}/database`);
  const pool = database.pool as unknown as PostgresPool;
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) }).withSchema(recordsSchema);
  await migrate(db, migrations);
  const webhook = { url: 'https://example.com/', host: 'example.com:443', secret: null, events: ['failed'] } as const;
  const jobs = [newJob('a', { webhook }), newJob('a', { webhook }), newJob('a')];
  await insertJobs(db, jobs);
  const changed = await transitions(db, {
    where: (job) => job.and([job('tenant', '=', 'a'), job('status', '=', 'queued')]),
    set: () => ({ status: 'failed' as const, finished_at: new Date() }),
  });
  expect(changed).toHaveLength(3);
  const told = await db.selectFrom('webhook_delivery').select(['id', 'job_id']).orderBy('job_id').execute();
  expect(told.map(({ job_id }) => job_id)).toEqual(jobs.slice(0, 2).map(({ id }) => id));
  expect(new Set(told.map(({ id }) => id)).size).toBe(2);
  await database.close();
});
