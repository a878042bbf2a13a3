import { afterAll, beforeAll, describe, it } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
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
} else {
  describe(`records over PostgreSQL (${postgresMissing})`, () => {
    it.skip('conformance');
  });
}
