import { randomInt } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import {
  type Config,
  embeddedAnnotators,
  isLoopback,
  pulledAnnotators,
  tracingWanted,
  requirePostgres,
  requireSafeHost,
} from '../config/config.ts';
import { ExtractorProcess } from '../extractor/extractor-process.ts';
import { createFetcher, type Fetcher } from '../fetch/fetcher.ts';
import type { PictureDecoder } from '../images/decoder/decoder.ts';
import { DecoderPool } from '../images/decoder/decoder-pool.ts';
import type { ModelLibrary } from '../models/library.ts';
import { createMetrics, type Metrics } from '../metrics/metrics.ts';
import { type Feeder, startFeeder } from '../queue/feeder.ts';
import { openQueue } from '../queue/open.ts';
import type { JobQueue } from '../queue/queue.ts';
import { startReconciler } from '../queue/reconciler.ts';
import { startHousekeeping } from '../records/housekeeping.ts';
import { requireOwnFolder } from '../records/data-folder/data-folder.ts';
import { newWorkerId } from '../records/schema/ids.ts';
import type { Records } from '../records/records.ts';
import type { Windows } from '../records/scheduling/scheduling.ts';
import type { WorkerSign } from '../records/operations/workers.ts';
import { buildApp } from '../server/app.ts';
import { buildMonitoringApp } from '../server/monitoring-app.ts';
import { defaultServerLimits } from '../server/parts/limits.ts';
import { links } from '../server/http/links.ts';
import type { DeviceState } from '../server/parts/parts.ts';
import { eventData } from '../server/views/event-data.ts';
import type { ObjectStore } from '../store/store.ts';
import { openTracing } from '../tracing/open.ts';
import type { Tracing } from '../tracing/tracing.ts';
import { Deliverer } from '../webhooks/deliverer.ts';
import { nextAttempt } from '../webhooks/schedule.ts';
import { type Sweeper, startSweeper } from '../retention/sweeper.ts';
import { startHeartbeat } from '../worker/heartbeat.ts';
import { startWorker } from '../worker/worker.ts';
import { Closing } from './closing.ts';
import { openConfiguredRecords } from './configured-records.ts';
import { deviceSettings } from './device-settings.ts';
import { superviseDevice, type SupervisedDevice } from './device-supervisor.ts';
import { jobRunners } from './job-runners.ts';
import { annotatorsOf, libraryOf, requireDefaultModel } from './library.ts';
import { listen, type Listening } from './listen.ts';
import { openLog } from './log.ts';
import { packageVersion } from './package-version.ts';
import { announceServer } from './server-file.ts';
import { storeOf } from './store.ts';
import { interruption, untilInterrupted } from './shutdown.ts';

/** Which of the parts a process runs: both, or the HTTP side, or the drawing side. */
export type Role = 'serve' | 'api' | 'worker';

export interface RunHooks {
  /** Called before something that may take seconds, with what it is. */
  readonly onStep?: (text: string) => void;
  /** Called once the server answers. */
  readonly onListening?: (listening: Listening) => void;
  /** Called once the service is told to stop, with what it does now and how to end it at once. */
  readonly onStopping?: (notice: string) => void;
}

/**
 * Runs a service until SIGINT or SIGTERM. Then it drains: nothing new is accepted, what is drawn may end in the time of
 * grace, the rest is handed back; and closes its parts in order: consumer, server, children, queue, records.
 */
export async function runService(config: Config, role: Role, hooks: RunHooks = {}): Promise<void> {
  if (role !== 'serve') requirePostgres(config, role);
  const interrupted = interruption();
  const closing = new Closing();
  interrupted.signal.addEventListener('abort', () => hooks.onStopping?.(stopNotice(config)), { once: true });
  try {
    await openService({ config, role, hooks, closing, draining: interrupted.signal });
    await untilInterrupted(interrupted.signal);
  } catch (error) {
    // What is told to stop while it starts has not failed.
    if (!(error instanceof StoppedEarly)) throw error;
  } finally {
    await closing.close();
    interrupted.release();
  }
}

function stopNotice({ grace }: Config): string {
  return `Stopping: what is being drawn may end within ${grace} s. Ctrl-C again stops at once.`;
}

/** Thrown between two steps of a start that is to go no further. */
class StoppedEarly extends Error {}

/** How a service is run. */
interface Run {
  readonly config: Config;
  readonly role: Role;
  readonly hooks: RunHooks;
  readonly closing: Closing;
  /** Aborts when the service is told to stop. */
  readonly draining: AbortSignal;
}

/** What tells how the process is doing. */
interface Watched {
  /** Aborts when the service is told to stop. */
  readonly draining: AbortSignal;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/** What both sides of a service stand on. */
interface Ground extends Watched {
  readonly config: Config;
  readonly records: Records;
  readonly queue: JobQueue;
  readonly feeder: Feeder;
  readonly store: ObjectStore;
  readonly library: ModelLibrary;
  readonly decoder: PictureDecoder;
}

async function openService(run: Run): Promise<void> {
  const { config, role, hooks, closing } = run;
  const next = (text: string): void => {
    if (run.draining.aborted) throw new StoppedEarly();
    hooks.onStep?.(text);
  };
  const log = openLog(config);
  const metrics = createMetrics({ version: packageVersion(), role });
  const tracing = closing.add(
    await openTracing(tracingWanted(), {
      version: packageVersion(),
      role,
      onError: (problem) => log.warn({ problem }, 'spans could not be sent'),
    }),
  );
  const watched = { draining: run.draining, log, metrics, tracing };
  const ground = { ...watched, ...(await openGround(run, watched, next)) };
  const elsewhere: DeviceState = { state: 'elsewhere', detail: 'Workers are processes of their own.' };
  const children = role === 'api' ? null : openChildren(ground, closing);
  const deviceState = children?.supervised.state ?? (() => elsewhere);
  if (children !== null && config.provider === 'cuda') {
    next('Starting CUDA');
    // Asked for by name, it is there or the service is not. One that ends again and again does not keep a stop waiting.
    await Promise.race([children.supervised.started, untilInterrupted(run.draining)]);
  }
  next('Opening the server');
  if (role === 'worker') await openMonitoring(ground, deviceState, closing);
  else await openServer(ground, deviceState, hooks, closing);
  // The last to be opened and the first to be closed: while jobs end, their clients can see them do it.
  if (children !== null) await openWorker(ground, children, closing);
}

async function openGround(
  { config, role, closing }: Run,
  { log, metrics }: Watched,
  next: (text: string) => void,
): Promise<Omit<Ground, keyof Watched>> {
  next('Looking at the models');
  requireOwnFolder(config.data);
  const library = await libraryOf(config);
  // A worker draws what the api has resolved.
  if (role !== 'worker') await requireDefaultModel(library, config);
  const { redisUrl, data } = config;
  next(config.postgresUrl === null ? 'Opening the embedded database' : 'Opening the database');
  const opened = await openConfiguredRecords(config);
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
function windowsOf({ tenantWindow: tenant, queueWindow: total }: Config): Windows {
  return { tenant, total };
}

/** Room on the disk of a folder, for those who may not use the reserve. */
async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** The processes that do the work. */
interface Children {
  readonly extractor: ExtractorProcess;
  readonly supervised: SupervisedDevice;
}

function openChildren({ config, log, metrics }: Ground, closing: Closing): Children {
  const extractor = closing.add(
    new ExtractorProcess({ annotators: embeddedAnnotators, pulled: pulledAnnotators(config) }),
  );
  const supervised = closing.add(superviseDevice(deviceSettings(config), log, metrics.device));
  metrics.children.watch('device', () => supervised.device.pid);
  metrics.children.watch('extractor', () => extractor.pid);
  return { extractor, supervised };
}

/** The consumer of jobs, and its signs of life. */
async function openWorker(ground: Ground, { extractor, supervised }: Children, closing: Closing): Promise<void> {
  const { config, metrics } = ground;
  closing.add(startHeartbeat(ground.records.workers, describeWorker(supervised.state)));
  const parts = { ...ground, extractor, device: supervised.device, observer: metrics.jobs, runners: jobRunners };
  const worker = await startWorker(parts, {
    // A picture with guidance takes two rows: more jobs at once would only wait in the device instead of in the queue.
    concurrency: Math.max(1, Math.floor(config.maxRows / 2)),
    checkpointEveryMs: config.checkpointEvery === 0 ? null : config.checkpointEvery * 1000,
  });
  closing.add({ close: async () => await worker.close(config.grace * 1000) });
}

/** What the heartbeat of this process says. */
function describeWorker(deviceState: () => DeviceState): () => WorkerSign {
  const identity = { id: newWorkerId(), host: hostname(), pid: process.pid, version: packageVersion() };
  return () => {
    const { state, detail } = deviceState();
    return { ...identity, deviceState: state, deviceDetail: detail };
  };
}

/** The side that answers requests sweeps: it is always there, and has little else to do. */
function sweeperOf({ config, records, store, log }: Ground): Sweeper {
  return startSweeper(
    { records, store, log, clock: () => new Date() },
    {
      age: config.retentionDays === 0 ? null : config.retentionDays * 86_400_000,
      bytes: config.retentionSize === 0 ? null : config.retentionSize,
    },
  );
}

/** Health and metrics of a process that has no other port, where one is wanted. */
async function openMonitoring(ground: Ground, deviceState: () => DeviceState, closing: Closing): Promise<void> {
  const { host, metricsPort: port, data } = ground.config;
  if (port === null) return;
  const app = closing.add(await buildMonitoringApp({ ...ground, deviceState, loopback: isLoopback(host) }));
  await listen(app, { host, port, data }, '--metrics-port');
}

async function openServer(
  ground: Ground,
  deviceState: () => DeviceState,
  hooks: RunHooks,
  closing: Closing,
): Promise<void> {
  const { config, log, records } = ground;
  const fetcher = createFetcher({ allow: config.allowFetch });
  closing.add(deliverer(ground, fetcher));
  closing.add(startHousekeeping(records, { clock, onError: (err) => log.error({ err }, 'what has expired stays') }));
  const app = await buildApp({
    ...ground,
    annotators: await annotatorsOf(config),
    deviceState,
    fetcher,
    clock,
    randomSeed: () => randomInt(2 ** 32),
    settings: {
      version: packageVersion(),
      defaultModel: config.model,
      publicUrl: config.publicUrl,
      corsOrigins: config.corsOrigin,
      embedParameters: config.embedParameters,
      signsWebhooks: config.webhookSecret !== null,
      limits: { ...defaultServerLimits, batchItems: config.maxBatchItems, batchCost: config.maxBatchCost },
      windows: windowsOf(config),
      access: { adminKey: config.adminKey, allowAnonymous: config.allowAnonymous, loopback: isLoopback(config.host) },
      load: {
        submissionsPerMinute: config.submissionsPerMinute,
        readsPerMinute: config.readsPerMinute,
        maxQueued: config.maxQueued,
        maxQueuedPerTenant: config.maxQueuedPerTenant,
        bodyMemory: config.bodyMemory,
      },
      trustedProxies: config.trustedProxy,
    },
  });
  closing.add(app);
  closing.add(sweeperOf(ground));
  // Apart from the hook: what stands in the arguments of an optional call does not happen where there is nothing to call.
  const listening = await listen(app, config);
  closing.add(await announceServer(config.data, listening.address));
  hooks.onListening?.(listening);
}

/** Sends events to their receivers. Only where there is HTTP: workers need no way out, and do not know the public URL. */
function deliverer({ config, log, records, metrics }: Ground, fetcher: Fetcher): Deliverer {
  const address = links(config.publicUrl);
  return new Deliverer({
    webhooks: records.webhooks,
    fetcher,
    secret: config.webhookSecret,
    view: (subject) => eventData(subject, address),
    clock,
    schedule: (attempts, asked, now) => nextAttempt(attempts, asked, now, Math.random()),
    log,
    observer: metrics.webhooks,
  });
}

function clock(): Date {
  return new Date();
}
