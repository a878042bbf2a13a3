import { ArmatureError } from '../errors.ts';
import type { Job, JobOutput, JobResult } from '../generation/job.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { RgbImage } from '../conditions/condition.ts';
import type { DrawRequest } from '../device/protocol.ts';
import type { BaseModel, ControlNetModel } from '../models/model.ts';
import type { ModelLibrary } from '../models/library.ts';
import { mapKey, outputKey } from '../store/keys.ts';
import { makeMap } from './make-map.ts';
import { parametersText } from './parameters-text.ts';
import { ProgressReport } from './progress-report.ts';
import { storePicture } from './store-picture.ts';
import type { WorkerParts } from './worker.ts';

interface PreparedMaps {
  readonly hints: readonly RgbImage[];
  readonly maps: readonly JobOutput[];
  readonly warnings: readonly string[];
}

/** Maps, drawing, storing: all of one attempt at a generation. Nothing is visible to users before its result is committed. */
export async function drawGeneration(
  parts: WorkerParts,
  job: Job,
  plan: GenerationPlan,
  signal: AbortSignal,
): Promise<JobResult> {
  const startedAt = performance.now();
  const models = await findModels(parts.library, plan);
  const prepared = await prepareMaps(parts, job, plan, signal);
  const preparedAt = performance.now();
  const progress = new ProgressReport(parts.records, job);
  const request: DrawRequest = { job: job.id, attempt: job.attempt, plan, ...models, hints: prepared.hints };
  const drawing = await parts.device
    .draw(request, { signal, onProgress: (step) => progress.report(step) })
    .finally(() => progress.stop());
  // The last step falls between two reports more often than not.
  await parts.records.reportProgress(job.id, job.attempt, { step: plan.steps, steps: plan.steps });
  const drawnAt = performance.now();
  const outputs = await Promise.all(
    drawing.images.map(
      async ({ seed, image }, index) =>
        await storePicture(parts.store, outputKey(job, index, plan.output.format), image, plan.output, {
          seed,
          text: { parameters: parametersText(plan, seed) },
        }),
    ),
  );
  return {
    outputs,
    maps: prepared.maps,
    warnings: [...prepared.warnings, ...drawing.warnings],
    timings: {
      wait: (job.startedAt ?? job.createdAt).getTime() - job.createdAt.getTime(),
      prepare: Math.round(preparedAt - startedAt),
      draw: Math.round(drawnAt - preparedAt),
      store: Math.round(performance.now() - drawnAt),
    },
    meanBatch: drawing.meanBatch,
  };
}

async function findModels(
  library: ModelLibrary,
  plan: GenerationPlan,
): Promise<{ readonly base: BaseModel; readonly controlNets: readonly ControlNetModel[] }> {
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

async function prepareMaps(
  parts: WorkerParts,
  job: Job,
  plan: GenerationPlan,
  signal: AbortSignal,
): Promise<PreparedMaps> {
  const made = await Promise.all(
    plan.controls.map(async (control, index) => {
      const { map, warnings } = await makeMap(parts, control, plan, signal);
      const stored = await storePicture(
        parts.store,
        mapKey(job, index),
        map,
        { format: 'png', quality: 100 },
        { seed: null },
      );
      return { map, stored, warnings: warnings.map((warning) => `controls[${index}] (${control.type}): ${warning}`) };
    }),
  );
  return {
    hints: made.map(({ map }) => map),
    maps: made.map(({ stored }) => stored),
    warnings: made.flatMap(({ warnings }) => warnings),
  };
}
