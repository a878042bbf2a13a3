import { statfs } from 'node:fs/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { trainedDrafts, trainedFolder } from '../config/model-folders.ts';
import { requireSafeHost } from '../config/safe-host.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import { DecoderPool } from '../images/decoder/decoder-pool.ts';
import type { ModelLibrary } from '../models/library.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { type Feeder, startFeeder } from '../queue/feeder.ts';
import { openQueue } from '../queue/open.ts';
import type { JobQueue } from '../queue/queue.ts';
import { startReconciler } from '../queue/reconciler.ts';
import { requireOwnFolder } from '../records/data-folder/data-folder.ts';
import type { Records } from '../records/records.ts';
import type { Windows } from '../records/scheduling/turns.ts';
import type { ObjectStore } from '../store/store.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { TrainedModels } from '../trainer/trained-models.ts';
import { openConfiguredRecords } from './configured-records.ts';
import { libraryOf, requireDefaultModel } from './library.ts';
import type { Run } from './run.ts';
import { storeOf } from './store.ts';

/** What tells how the process is doing. */
export interface Watched {
  /** Aborts when the service is told to stop. */
  readonly draining: AbortSignal;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** What both sides of a service stand on. */
export interface Ground extends Watched {
  readonly config: Config;
  readonly records: Records;
  readonly queue: JobQueue;
  readonly feeder: Feeder;
  readonly store: ObjectStore;
  readonly library: ModelLibrary;
  readonly decoder: PictureDecoder;
}

/** Opens all of it, each part after what it needs; `next` is called before what may take seconds, and may end the start. */
export async function openGround(
  { config, role, closing }: Run,
  { draining, log, metrics }: Watched,
  next: (text: string) => void,
): Promise<Omit<Ground, keyof Watched>> {
  next('Looking at the models');
  requireOwnFolder(config.data);
  const library = await libraryOf(config, { giveUp: draining, trained: true });
  // A worker draws what the api has resolved.
  if (role !== 'worker') await requireDefaultModel(library, config);
  const { redisUrl, data } = config;
  next(config.postgresUrl === null ? 'Opening the embedded database' : 'Opening the database');
  const opened = await openConfiguredRecords(config, draining);
  const records = closing.add(opened.records);
  if (role !== 'worker') requireSafeHost(config, await records.keys.any());
  next('Opening the queue');
  const engine = redisUrl === null ? opened.queueEngine() : ({ kind: 'redis', url: redisUrl } as const);
  const queue = closing.add(
    await openQueue(engine, {
      lockDurationMs: config.claim * 1000,
      stalledIntervalMs: config.claim * 500,
      onError: (err) => log.error({ err }, 'queue'),
    }),
  );
  const onError = (err: unknown): void => log.error({ err }, 'jobs could not be brought from the records to the queue');
  // Nobody else writes into an embedded database: a batch that is not whole now never will be.
  if (config.postgresUrl === null)
    closing.add(discardRemains(records, (err) => log.warn({ err }, 'remains of batches stay')));
  closing.add(await startReconciler(records, queue, { onError }));
  const feeder = closing.add(startFeeder(records, queue, { windows: windowsOf(config), onError }));
  const store = metrics.store.observed(await storeOf(config));
  const places = { folder: trainedFolder(config), drafts: trainedDrafts(config) };
  library.own(closing.add(new TrainedModels({ records, store, ...places, log })));
  // A bucket does not tell.
  if (config.s3Bucket === null) metrics.store.watchRoom(() => freeBytes(data));
  // Of both sides: what requests bring, and what jobs need of it.
  const decoder = closing.add(new DecoderPool());
  return { config, records, queue, feeder, store, library, decoder };
}

/** Removes what is left of batches, beside everything else: there may be ten thousands of items. */
function discardRemains(records: Records, onError: (error: unknown) => void): { close(): Promise<void> } {
  const stopping = new AbortController();
  const pass = records.batches.discardAbandoned(new Date(), stopping.signal).catch(onError);
  return {
    async close() {
      stopping.abort();
      await pass;
    },
  };
}

/** How many jobs may be in the queue or running. */
export function windowsOf({ tenantWindow: tenant, queueWindow: total }: Config): Windows {
  return { tenant, total };
}

/** Room on the disk of a folder, for those who may not use the reserve. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
