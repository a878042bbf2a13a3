import { progressAtEnd } from '../generation/cost.ts';
import type { Job, JobOutput, JobResult } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { mapKey, outputKey } from '../store/keys.ts';
import { Checkpoints } from './checkpoints.ts';
import { type DrawnPlan, drawPlan } from '../drawing/draw-plan.ts';
import { findModels } from '../drawing/find-models.ts';
import { guardedDevice } from './guarded-device.ts';
import { KeptData } from './kept-data.ts';
import { insideGenerated, insideMap } from '../drawing/picture-metadata.ts';
import { storePicture } from './store-picture.ts';
import type { RunningParts, WorkerParts } from './parts.ts';

/** Maps, drawing, storing: all of one attempt at a generation. Nothing is visible to users before its result is committed. */
export async function drawGeneration(
  parts: RunningParts,
  job: Job,
  plan: GenerationPlan,
  signal: AbortSignal,
): Promise<JobResult> {
  const models = await findModels(parts.library.of(job.tenant), plan);
  const progress = parts.progress.start(job);
  const attempt = { job: job.id, attempt: job.attempt };
  const guarded = { ...parts, device: guardedDevice(parts, job), checkpoints: new Checkpoints(parts, job) };
  const drawn = await drawPlan(guarded, plan, models, attempt, {
    signal,
    onProgress: (step) => progress.report(step),
  }).finally(() => progress.stop());
  // The last step falls between two reports more often than not.
  await parts.records.reportProgress(job.id, job.attempt, progressAtEnd(plan)).catch(() => {});
  const drawnAt = performance.now();
  const [{ maps, warnings }, outputs] = await parts.tracing.span('store', {}, async () => {
    return await Promise.all([storeMaps(parts, job, drawn), storeOutputs(parts, job, plan, drawn)]);
  });
  return {
    outputs,
    maps,
    warnings: [...drawn.warnings, ...warnings],
    timings: {
      wait: (job.startedAt ?? job.createdAt).getTime() - job.createdAt.getTime(),
      ...drawn.timings,
      store: Math.round(performance.now() - drawnAt),
    },
    meanBatch: drawn.meanBatch,
  };
}

async function storeOutputs(
  { store }: WorkerParts,
  job: Job,
  plan: GenerationPlan,
  { pictures }: DrawnPlan,
): Promise<readonly JobOutput[]> {
  return await Promise.all(
    pictures.map(async ({ image, seed, fidelity, candidates }, index) => ({
      ...(await storePicture(store, outputKey(job, index, plan.output.format), image, plan.output, {
        seed,
        ...insideGenerated(plan, seed),
      })),
      ...(fidelity === undefined ? {} : { fidelity }),
      ...(candidates === undefined ? {} : { candidates }),
    })),
  );
}

async function storeMaps(
  { store }: WorkerParts,
  job: Job,
  { controls }: DrawnPlan,
): Promise<Pick<JobResult, 'maps' | 'warnings'>> {
  const png = { format: 'png', quality: 100 } as const;
  const kept = new KeptData();
  const maps = await Promise.all(
    controls.map(async ({ index, plan, inputs: { map, data } }) => {
      const found = kept.keep(`controls[${index}] (${plan.type})`, data);
      const stored = await storePicture(store, mapKey(job, index), map, png, { seed: null, ...insideMap });
      return { ...stored, ...found };
    }),
  );
  return { maps, warnings: kept.warnings };
}
