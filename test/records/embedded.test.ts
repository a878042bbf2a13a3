import { openRecords } from '../../src/records/open.ts';
import { newDataFolder } from '../support/embedded-template.ts';
import { recordsConformance } from './conformance.ts';
import { retentionConformance } from './retention-conformance.ts';
import { keysConformance } from './keys-conformance.ts';
import { faultsConformance } from './faults-conformance.ts';
import { usageConformance } from './usage-conformance.ts';
import { operationsConformance } from './operations-conformance.ts';
import { batchesConformance } from './batches-conformance.ts';
import { schedulingConformance } from './scheduling-conformance.ts';

const open = async () => openRecords({ dataFolder: await newDataFolder() });

recordsConformance('the embedded database', open);
schedulingConformance('the embedded database', open);
batchesConformance('the embedded database', open);
operationsConformance('the embedded database', open);
keysConformance('the embedded database', open);
retentionConformance('the embedded database', open);
faultsConformance('the embedded database', open);
usageConformance('the embedded database', open);
