import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
import { mostPreviewBytes } from '../../src/records/previews/previews.ts';
import { postgresMissing, startPostgres, type TestServer } from '../support/servers.ts';
import { recordsConformance } from './conformance.ts';
import { operationsConformance } from './operations-conformance.ts';
import { retentionConformance } from './retention-conformance.ts';
import { keysConformance } from './keys-conformance.ts';
import { batchesConformance } from './batches-conformance.ts';
import { schedulingConformance } from './scheduling-conformance.ts';
import { faultsConformance } from './faults-conformance.ts';
import { usageConformance } from './usage-conformance.ts';

if (postgresMissing === null) {
  let server: TestServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());
  const open = () => openRecords({ postgresUrl: server.url });
  recordsConformance('PostgreSQL', open);
  schedulingConformance('PostgreSQL', open);
  batchesConformance('PostgreSQL', open);
  operationsConformance('PostgreSQL', open);
  keysConformance('PostgreSQL', open);
  retentionConformance('PostgreSQL', open);
  faultsConformance('PostgreSQL', open);
  usageConformance('PostgreSQL', open);

  it('brings pictures on their way from a worker to a server, and keeps none', async () => {
    const [worker, api] = await Promise.all([open(), open()]);
    const [drawing, watching] = [worker.records.previews, api.records.previews];
    const told: boolean[] = [];
    drawing.whileWatched('gen_1', (watched) => told.push(watched));
    const largest = Buffer.alloc(mostPreviewBytes).toString('base64');
    const preview = { output: 0, candidate: 15, step: 149, steps: 150, width: 256, height: 256, jpeg: largest };
    const job = `gen_${'0'.repeat(36)}`;
    const seen = new Promise((resolve) => watching.watch(job, resolve));
    watching.watch('gen_1', () => {});
    await expect.poll(() => told).toEqual([true]);
    await drawing.show({ ...preview, job });
    expect(await seen).toEqual({ ...preview, job });
    await Promise.all([worker.records.close(), api.records.close()]);
  });
} else {
  describe(`records over PostgreSQL (${postgresMissing})`, () => {
    it.skip('conformance');
  });
}
