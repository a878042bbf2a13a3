import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create as createTar } from 'tar';
import { conditionIds } from '../../src/conditions/registry.ts';
import { DeviceProcess } from '../../src/device/device-process.ts';
import { ExtractorProcess } from '../../src/extractor/extractor-process.ts';
import { openLibrary } from '../../src/models/library.ts';
import type { Consumer } from '../../src/queue/queue.ts';
import { newUploadId } from '../../src/records/schema/ids.ts';
import type { JobView } from '../../src/server/views/job-schema.ts';
import { jobRunners } from '../../src/service/job-runners.ts';
import { setKey, setPartKey } from '../../src/store/keys.ts';
import type { TrainerParts } from '../../src/trainer/runner.ts';
import { TrainedModels } from '../../src/trainer/trained-models.ts';
import { startWorker } from '../../src/worker/worker.ts';
import { type Application, openApplication } from '../server/application.ts';
import { smallModelPath } from '../support/golden.ts';
import { smallSettings } from '../training/small-training.ts';

/** The HTTP side with a small base model, and workers that train. */
export interface TrainingService extends Application {
  /** With a folder of its own for what it works on. */
  readonly startTrainer: (folder: string, others?: Partial<TrainerParts>) => Promise<Consumer>;
  /** What was trained, as another machine has it in a folder of its own. */
  readonly library: ReturnType<typeof openLibrary> extends Promise<infer L> ? L : never;
  readonly post: (path: string, body?: object, headers?: Readonly<Record<string, string>>) => Promise<TestAnswer>;
  readonly get: (path: string) => Promise<TestAnswer>;
  /** The training once `met` says so. */
  readonly until: (id: string, met: (job: JobView) => boolean) => Promise<JobView>;
}

export interface TestAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, unknown>>;
}

export async function openTrainingService(folder: string): Promise<TrainingService> {
  const application = await openApplication();
  const trained = join(folder, 'trained');
  mkdirSync(trained, { recursive: true });
  const library = await openLibrary([smallModelPath('models', 'sd15-tiny'), trained], { conditions: conditionIds });
  const { parts } = application;
  const models = new TrainedModels({ ...parts, folder: trained, drafts: join(folder, 'drafts') });
  library.own(models);
  const settings = { ...parts.settings, defaultModel: 'sd15-tiny' };
  const app = await application.rebuild({ library, settings });
  const device = new DeviceProcess({ settings: smallSettings });
  const extractor = new ExtractorProcess();
  const ask = async (
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    payload?: object,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TestAnswer> => {
    const given = payload === undefined ? {} : { payload };
    const answer = await app.inject({ method, url, headers, ...given });
    const text = answer.headers['content-type']?.toString().includes('json') === true ? answer.body : 'null';
    return { status: answer.statusCode, body: JSON.parse(text), bytes: answer.rawPayload, headers: answer.headers };
  };
  const get = async (path: string): Promise<TestAnswer> => await ask('GET', path);
  return {
    ...application,
    app,
    library,
    get,
    post: async (path, body, headers) => await ask('POST', path, body, headers),
    async until(id, met) {
      for (;;) {
        const job = (await get(`/v1/trainings/${id}`)).body as JobView;
        if (met(job)) return job;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    startTrainer: async (own, others = {}) => {
      const runners = jobRunners({
        records: parts.records,
        settings: smallSettings,
        extractor: { annotators: '', pulled: [], threads: 1 },
        folder: own,
        usableMemory: 2 ** 40,
        modelQuotaBytes: 2 ** 40,
        setLimits: { entries: 50, unpackedBytes: 2 ** 30 },
        freeMemory: async () => 2 ** 40,
        ...others,
        onStart: () => {},
        log: parts.log,
        entry: new URL('hasty-trainer.mjs', import.meta.url),
      });
      const observer = { attemptEnded: () => {} };
      const working = { ...parts, library, device, extractor, runners, observer };
      return await startWorker(working, { concurrency: 1, checkpointEveryMs: null });
    },
    close: async () => {
      await models.close();
      await extractor.close();
      await application.close();
    },
  };
}

/** A set of a tenant, as its sender has left it; gives its id. */
export async function putSet({ parts }: Application, folder: string, tenant = 'default'): Promise<string> {
  const { records, store } = parts;
  const archive = `${folder}.tar`;
  await createTar({ file: archive, cwd: folder }, ['.']);
  const bytes = readFileSync(archive);
  const [id, quota] = [newUploadId(), { bytes: 2 ** 40, unfinished: 10 }];
  const key = setKey(tenant, id);
  await records.sets.create({ id, tenant, key, name: null, size: bytes.length, createdAt: new Date() }, quota);
  const begun = await records.sets.begin(tenant, id, { at: 0, size: bytes.length }, quota);
  if (begun.kind !== 'begun') throw new Error(begun.kind);
  const part = { key: setPartKey(key, 0, begun.writer), bytes: bytes.length };
  await store.put(part.key, bytes, 'application/x-tar');
  const piece = { writer: begun.writer, index: 0, part, from: 0, to: bytes.length, archive: 'tar' } as const;
  await records.sets.store(id, piece, quota);
  return id;
}
