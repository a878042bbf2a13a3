import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import sharp from 'sharp';
import { conditionIds } from '../../src/conditions/registry.ts';
import { kindOf } from '../../src/generation/kinds/kinds.ts';
import type { ExtractionPlan } from '../../src/generation/kinds/extraction/plan.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import type { Job, JobOutput } from '../../src/generation/job.ts';
import { AnnotatorLibrary } from '../../src/models/annotators/annotators.ts';
import { openLibrary } from '../../src/models/library.ts';
import { DecoderPool } from '../../src/images/decoder/decoder-pool.ts';
import { createFetcher } from '../../src/fetch/fetcher.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { startFeeder } from '../../src/queue/feeder.ts';
import { openQueue } from '../../src/queue/open.ts';
import { openRecords } from '../../src/records/open.ts';
import { buildApp } from '../../src/server/app.ts';
import type { Dialect } from '../../src/server/dialects/contract/dialect.ts';
import { defaultServerLimits } from '../../src/server/parts/limits.ts';
import type { ServerParts } from '../../src/server/parts/parts.ts';
import { openFileStore } from '../../src/store/file-store.ts';
import type { ObjectStore } from '../../src/store/store.ts';
import { mapKey, outputKey } from '../../src/store/keys.ts';
import { untraced } from '../../src/tracing/tracing.ts';
import { newDataFolderWithTables } from '../support/embedded-template.ts';

export interface Application {
  readonly app: FastifyInstance;
  readonly parts: ServerParts;
  /** Of the store. */
  readonly folder: string;
  /** Asks the database. */
  readonly query: <R>(text: string) => Promise<readonly R[]>;
  /** Moves the server's clock on. */
  readonly passTime: (ms: number) => void;
  /** Builds another app over the same parts. */
  readonly rebuild: (changes: Partial<ServerParts>, dialects?: readonly Dialect[]) => Promise<FastifyInstance>;
  readonly close: () => Promise<void>;
}

const models = fileURLToPath(new URL('../../models', import.meta.url));

export interface ApplicationPlaces {
  /** Default: an embedded database of its own. */
  readonly postgresUrl?: string;
  /** Default: a folder of its own. */
  readonly store?: ObjectStore;
}

/** The HTTP side over a real database, queue, store and model library, without a worker. */
export async function openApplication({ postgresUrl, store }: ApplicationPlaces = {}): Promise<Application> {
  const data = await newDataFolderWithTables();
  const { records, queueEngine } = await openRecords(
    postgresUrl === undefined ? { dataFolder: data } : { postgresUrl },
  );
  const { pool } = queueEngine();
  const queue = await openQueue(queueEngine());
  const windows = { tenant: 1000, total: 1000 };
  const onError = (error: unknown): void => process.emitWarning(String(error));
  const feeder = startFeeder(records, queue, { windows, onError });
  const decoder = new DecoderPool({ entry: new URL('../../dist/images/decoder/main.js', import.meta.url) });
  let ahead = 0;
  const parts: ServerParts = {
    records,
    queue,
    feeder,
    store: store ?? (await openFileStore(join(data, 'store'))),
    library: await openLibrary([models], { conditions: conditionIds }),
    annotators: await AnnotatorLibrary.open({
      bundled: join(models, 'annotators'),
      pulled: [join(data, 'models', 'annotators')],
      catalog: join(models, 'catalog.json'),
    }),
    fetcher: createFetcher(),
    decoder,
    draining: new AbortController().signal,
    deviceState: () => ({ state: 'elsewhere', detail: 'Workers are processes of their own.' }),
    settings: {
      version: '0.0.0',
      defaultModel: 'diorama',
      publicUrl: null,
      embedParameters: true,
      signsWebhooks: false,
      corsOrigins: ['https://app.example.com'],
      windows: { tenant: 32, total: 64 },
      limits: { ...defaultServerLimits, pollMs: 50 },
      access: { adminKey: null, allowAnonymous: false, loopback: true },
      load: {
        submissionsPerMinute: null,
        readsPerMinute: null,
        maxQueued: 1000,
        maxQueuedPerTenant: 1000,
        bodyMemory: 256 * 2 ** 20,
      },
      trustedProxies: [],
    },
    tracing: untraced,
    metrics: createMetrics({ version: '0.0.0', role: 'api' }),
    log: pino({ level: 'silent' }),
    clock: () => new Date(Date.now() + ahead),
    randomSeed: () => 123,
  };
  const app = await buildApp(parts);
  const apps = [app];
  return {
    app,
    parts,
    folder: join(data, 'store'),
    query: async <R>(text: string) => (await pool.query<R>(text)).rows,
    passTime: (ms) => (ahead += ms),
    rebuild: async (changes, dialects) => {
      const further = await buildApp({ ...parts, ...changes }, dialects);
      apps.push(further);
      return further;
    },
    close: async () => {
      await Promise.all(apps.map(async (one) => await one.close()));
      await decoder.close();
      await feeder.close();
      await queue.close();
      await records.close();
    },
  };
}

/**
 * Does with a job what a worker does: an attempt that ends with one output, and a map for each control. `found` is what
 * the job knows of its maps.
 */
export async function finishJob(
  { parts }: Application,
  job: { readonly id: string; readonly tenant?: string },
  found?: Pick<JobOutput, 'data' | 'fidelity' | 'candidates'>,
): Promise<Job> {
  const { records } = parts;
  const started = await records.startAttempt(job.tenant ?? 'default', job.id);
  if (started === null) throw new Error(`The job ${job.id} cannot be started.`);
  const { plan } = started;
  const { format } = (plan as GenerationPlan | ExtractionPlan).output;
  const controls = kindOf(plan).controls(plan);
  const output = await storedPicture(parts, outputKey(started, 0, format), '#c04020', 123);
  const maps = await Promise.all(
    controls.map((_, index) => storedPicture(parts, mapKey(started, index), '#ffffff', null)),
  );
  await records.commitResult(job.id, started.attempt, {
    outputs: [{ ...output, ...found }],
    maps: maps.map((map) => ({ ...map, ...(found?.data === undefined ? {} : { data: found.data }) })),
    warnings: ['canny: no edges were found.'],
    meanBatch: null,
    timings: { wait: 1, prepare: 2, draw: 3, store: 4 },
  });
  return (await records.findJob(started.tenant, job.id))!;
}

/** A picture of one colour as the file that a client would send. */
export async function pictureFile(format: 'png' | 'jpeg' = 'png', width = 32, height = 24): Promise<Buffer> {
  const image = sharp({ create: { width, height, channels: 3, background: '#3060a0' } });
  return await image.toFormat(format).toBuffer();
}

/** A multipart/form-data body and its content type. */
export async function multipart(
  parts: Readonly<Record<string, string | Uint8Array>> | readonly (readonly [string, string | Uint8Array])[],
): Promise<{ readonly payload: Buffer; readonly headers: { readonly 'content-type': string } }> {
  const form = new FormData();
  for (const [name, value] of Array.isArray(parts) ? parts : Object.entries(parts)) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), `${name}.bin`);
  }
  const request = new Request('http://localhost', { method: 'POST', body: form });
  const payload = Buffer.from(await request.arrayBuffer());
  return { payload, headers: { 'content-type': request.headers.get('content-type')! } };
}

async function storedPicture(
  { store }: ServerParts,
  key: string,
  background: string,
  seed: number | null,
): Promise<JobOutput> {
  const [width, height] = [32, 32];
  const bytes = await sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
  await store.put(key, bytes, 'image/png');
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { key, contentType: 'image/png', bytes: bytes.length, sha256, width, height, seed };
}
