import type { Kysely } from 'kysely';
import type { Tables } from '../schema.ts';
import { keepBatchCancels } from './batch-cancels.ts';
import { createBatchWebhooks } from './batch-webhooks.ts';
import { createBatches } from './batches.ts';
import { tellLoadedModels } from './loaded-models.ts';
import { createDeliveryTables } from './delivery.ts';
import { addFaults } from './faults.ts';
import { tellPlaces } from './places.ts';
import { keepDoors } from './doors.ts';
import { keepFlows } from './flows.ts';
import { createFirstTables } from './jobs.ts';
import { createKeyTables } from './keys.ts';
import { allowPauses } from './pauses.ts';
import { createRetention } from './retention.ts';
import { createOperations } from './operations.ts';
import { createRemovals } from './removals.ts';
import { createSecrets } from './secrets.ts';
import { keepProgressShares } from './progress-shares.ts';
import { createSets } from './sets.ts';
import { keepStoredSizes } from './stored-sizes.ts';
import { keepLooks } from './training-looks.ts';
import { keepTrainings } from './trainings.ts';

/** One step of the schema's history. A step that has been released never changes: a correction is a further step. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  /** Runs in the transaction of all pending steps, on a Kysely whose default schema is that of records. */
  up(db: Kysely<Tables>): Promise<void>;
}

export const migrations: readonly Migration[] = [
  { version: 1, name: 'jobs, events, uploads', up: createFirstTables },
  { version: 2, name: 'batches, and turns of waiting jobs', up: createBatches },
  { version: 3, name: 'strikes, losses, checkpoints', up: addFaults },
  { version: 4, name: 'idempotency keys, webhooks', up: createDeliveryTables },
  { version: 5, name: 'API keys, usage', up: createKeyTables },
  { version: 6, name: 'what is stored, and what uses it', up: createRetention },
  { version: 7, name: 'workers, traces, what ended lately', up: createOperations },
  { version: 8, name: 'webhooks of batches', up: createBatchWebhooks },
  { version: 9, name: 'removals, uploads that are deleted', up: createRemovals },
  { version: 10, name: 'secrets of the service', up: createSecrets },
  { version: 11, name: 'sums of what is stored', up: keepStoredSizes },
  { version: 12, name: 'batches that are being cancelled', up: keepBatchCancels },
  { version: 13, name: 'how many jobs of each flow wait', up: keepFlows },
  { version: 14, name: 'places of jobs that wait', up: tellPlaces },
  { version: 15, name: 'shares of progress', up: keepProgressShares },
  { version: 16, name: 'doors of jobs', up: keepDoors },
  { version: 17, name: 'training sets', up: createSets },
  { version: 18, name: 'trainings, and models that come of them', up: keepTrainings },
  { version: 19, name: 'models that workers have in memory', up: tellLoadedModels },
  { version: 20, name: 'jobs that are paused', up: allowPauses },
  { version: 21, name: 'what trainings showed on their way', up: keepLooks },
];
