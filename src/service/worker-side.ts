import { hostname } from 'node:os';
import { pulledAnnotators, trainedDrafts, trainingsFolder } from '../config/model-folders.ts';
import { embeddedAnnotators } from '../config/package-files.ts';
import { usableMemory } from '../config/settings/memory.ts';
import type { ExtractorProcess } from '../extractor/extractor-process.ts';
import { newWorkerId } from '../records/schema/ids.ts';
import type { WorkerSign } from '../records/operations/workers.ts';
import { startScratchSweep } from '../trainer/scratch.ts';
import { startHeartbeat } from '../worker/heartbeat.ts';
import { startWorker } from '../worker/worker.ts';
import type { Closing } from './closing.ts';
import { deviceSettings } from './device-settings.ts';
import { superviseDevice, type SupervisedDevice } from './device-supervisor.ts';
import type { Ground } from './ground.ts';
import { freeMemory } from './free-memory.ts';
import { jobRunners } from './job-runners.ts';
import { openExtractor } from './open-extractor.ts';
import { packageVersion } from './package-version.ts';

/** The processes that do the work. */
export interface Children {
  readonly extractor: ExtractorProcess;
  readonly supervised: SupervisedDevice;
}

/** Starts them; they end with what `closing` holds. */
export function openChildren({ config, log, metrics }: Ground, closing: Closing): Children {
  const extractor = closing.add(openExtractor(config));
  const supervised = closing.add(superviseDevice(deviceSettings(config), log, metrics.device));
  metrics.children.watch('device', () => supervised.device.pid);
  metrics.children.watch('extractor', () => extractor.pid);
  return { extractor, supervised };
}

/** The consumer of jobs, and its signs of life. */
export async function openWorker(ground: Ground, { extractor, supervised }: Children, closing: Closing): Promise<void> {
  const { config, metrics } = ground;
  closing.add(startHeartbeat(ground.records.workers, describeWorker(supervised)));
  const { records, log } = ground;
  const folder = trainingsFolder(config);
  closing.add(startScratchSweep({ records, log, folder, drafts: trainedDrafts(config) }));
  let trainer: number | undefined;
  metrics.children.watch('trainer', () => trainer);
  const runners = jobRunners({
    records,
    log,
    settings: deviceSettings(config),
    extractor: { annotators: embeddedAnnotators, pulled: pulledAnnotators(config), threads: config.threads },
    folder,
    usableMemory: usableMemory(),
    modelQuotaBytes: config.modelQuota,
    setLimits: { entries: config.maxSetFiles, unpackedBytes: config.maxSetUnpacked },
    freeMemory: async () => await freeMemory(usableMemory(), [process.pid, supervised.device.pid, extractor.pid]),
    onStart: (pid) => (trainer = pid),
  });
  const parts = { ...ground, extractor, device: supervised.device, observer: metrics.jobs, runners };
  const worker = await startWorker(parts, {
    // A picture with guidance takes two rows: more jobs at once would only wait in the device instead of in the queue.
    concurrency: Math.max(1, Math.floor(config.maxRows / 2)),
    checkpointEveryMs: config.checkpointEvery === 0 ? null : config.checkpointEvery * 1000,
  });
  closing.add({ close: async () => await worker.close(config.grace * 1000) });
}

/** What the heartbeat of this process says. */
function describeWorker({ state: deviceState, device }: SupervisedDevice): () => WorkerSign {
  const identity = { id: newWorkerId(), host: hostname(), pid: process.pid, version: packageVersion() };
  return () => {
    const { state, detail } = deviceState();
    return { ...identity, deviceState: state, deviceDetail: detail, loaded: device.loaded };
  };
}
