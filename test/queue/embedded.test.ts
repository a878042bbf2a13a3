import { openRecords } from '../../src/records/open.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { queueConformance } from './conformance.ts';
import { underSql } from './sql-engine.ts';

queueConformance('the embedded database', async () =>
  underSql(await openRecords({ dataFolder: await newDataFolder() }), async () => {}),
);
