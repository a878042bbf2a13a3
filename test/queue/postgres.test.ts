import { describe, it } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
import { postgresMissing, startPostgres } from '../support/servers.ts';
import { queueConformance } from './conformance.ts';
import { underSql } from './sql-engine.ts';

if (postgresMissing === null) {
  queueConformance('PostgreSQL', async () => {
    const server = await startPostgres();
    return underSql(await openRecords({ postgresUrl: server.url }), () => server.stop());
  });
} else {
  describe(`queue over PostgreSQL (${postgresMissing})`, () => {
    it.skip('conformance');
  });
}
