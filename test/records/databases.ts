import { afterAll, beforeAll, describe } from 'vitest';
import { openRecords } from '../../src/records/open.ts';
import type { Records } from '../../src/records/records.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { postgresMissing, startPostgres, type TestServer } from '../support/servers.ts';

/** Runs a suite over the embedded database and over PostgreSQL; its tests ask for the open records. */
export function onEveryDatabase(title: string, suite: (records: () => Records) => void): void {
  describe(`${title}, embedded`, () => {
    let records: Records;
    beforeAll(async () => {
      ({ records } = await openRecords({ dataFolder: await newDataFolder() }));
    });
    afterAll(async () => await records.close());
    suite(() => records);
  });

  describe.skipIf(postgresMissing !== null)(`${title}, PostgreSQL ${postgresMissing ?? ''}`, () => {
    let server: TestServer;
    let records: Records;
    beforeAll(async () => {
      server = await startPostgres();
      ({ records } = await openRecords({ postgresUrl: server.url }));
    });
    afterAll(async () => {
      await records.close();
      await server.stop();
    });
    suite(() => records);
  });
}
