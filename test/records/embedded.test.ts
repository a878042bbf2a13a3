import { openRecords } from '../../src/records/open.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { recordsConformance } from './conformance.ts';
import { keysConformance } from './keys-conformance.ts';
import { operationsConformance } from './operations-conformance.ts';

recordsConformance('the embedded database', async () => openRecords({ dataFolder: await newDataFolder() }));
operationsConformance('the embedded database', async () => openRecords({ dataFolder: await newDataFolder() }));
keysConformance('the embedded database', async () => openRecords({ dataFolder: await newDataFolder() }));
