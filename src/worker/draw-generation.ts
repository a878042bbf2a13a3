import { ArmatureError } from '../errors.ts';
import type { Job, JobOutput, JobResult } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ModelLibrary } from '../models/library.ts';
import { mapKey, outputKey } from '../store/keys.ts';
import { Checkpoints } from './checkpoints.ts';
import { type DrawnPlan, drawPlan, type PlanModels } from '../drawing/draw-plan.ts';
import { guardedDevice } from './guarded-device.ts';
import { keptData } from './kept-data.ts';
import { insideGenerated, insideMap } from '../drawing/picture-metadata.ts';
import { storePicture } from './store-picture.ts';
import type { RunningParts, WorkerParts } from './worker.ts';

/** Maps, drawing, storing: all of one attempt at a generation. Nothing is visible to users before its result is committed. */
export async function drawGeneration(
  parts: RunningParts,
  job: Job,
  plan: GenerationPlan,
  signal: AbortSignal,
): Promise<JobResult> {
  const models = await findModels(parts.library, plan);
  const progress = parts.progress.start(job);
  const attempt = { job: job.id, attempt: job.attempt };
  const device = guardedDevice(parts, job, new Checkpoints(parts, job));
  const drawn = await drawPlan({ ...parts, device }, plan, models, attempt, {
    signal,
    onProgress: (step) => progress.report(step),
  }).finally(() => progress.stop());
  // The last step falls between two reports more often than not.
  await parts.records.reportProgress(job.id, job.attempt, { step: plan.steps, steps: plan.steps }).catch(() => {});
  const drawnAt = performance.now();
  const [{ maps, warnings }, outputs] = await parts.tracing.span('store', {}, async () => {
    return await Promise.all([storeMaps(parts, job, plan, drawn), storeOutputs(parts, job, plan, drawn)]);
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

async function findModels(library: ModelLibrary, plan: GenerationPlan): Promise<PlanModels> {
  const base = await library.base(plan.model.id);
  assertUnchanged(base, plan.model.hash);
  const controlNets = await Promise.all(
    plan.controls.map(async ({ model }) => {
      const controlNet = await library.controlNet(model.id);
      assertUnchanged(controlNet, model.hash);
      return controlNet;
    }),
  );
  return { base, controlNets };
}

function assertUnchanged(model: { readonly id: string; readonly hash: string }, planned: string): void {
  if (model.hash === planned) return;
  throw new ArmatureError(
    'model_invalid',
    `Model "${model.id}" was replaced after this job was accepted: expected hash ${planned} but found ${model.hash}. Send the request again to draw with the new one.`,
  );
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
  plan: GenerationPlan,
  { maps }: DrawnPlan,
): Promise<Pick<JobResult, 'maps' | 'warnings'>> {
  const png = { format: 'png', quality: 100 } as const;
  const names = plan.controls.map(({ type }, index) => `controls[${index}] (${type})`);
  const found = maps.map(({ data }) => data);
  const { kept, warnings } = keptData(found, names);
  const stored = await Promise.all(
    maps.map(
      async ({ map }, index) => await storePicture(store, mapKey(job, index), map, png, { seed: null, ...insideMap }),
    ),
  );
  return { maps: stored.map((file, index) => withData(file, kept[index])), warnings };
}

function withData(file: JobOutput, data: JobOutput['data'] | undefined): JobOutput {
  return data === undefined ? file : { ...file, data };
}
