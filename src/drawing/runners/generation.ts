import { progressAtEnd } from '../../generation/cost.ts';
import type { JobOutput, JobResult } from '../../generation/job.ts';
import type { GenerationPlan } from '../../generation/plan.ts';
import { mapKey, outputKey } from '../../store/keys.ts';
import { type DrawnPlan, drawPlan } from '../draw-plan.ts';
import { findModels } from '../find-models.ts';
import { insideGenerated, insideMap } from '../picture-metadata.ts';
import type { Attempt, Runner } from '../runner.ts';
import { KeptData } from './kept-data.ts';
import { storePicture } from './store-picture.ts';

/** Maps, drawing, storing. */
export const generationRunner: Runner<GenerationPlan> = {
  async run(attempt, plan, signal) {
    const { job, library, progress, tracing } = attempt;
    const models = await findModels(library, plan);
    const key = { job: job.id, attempt: job.attempt };
    const drawn = await drawPlan(attempt, plan, models, key, { signal, onProgress: (step) => progress.report(step) });
    await progress.end(progressAtEnd(plan));
    const drawnAt = performance.now();
    const [{ maps, warnings }, outputs] = await tracing.span('store', {}, async () => {
      return await Promise.all([storeMaps(attempt, drawn), storeOutputs(attempt, plan, drawn)]);
    });
    return {
      outputs,
      maps,
      warnings: [...drawn.warnings, ...warnings],
      timings: { ...drawn.timings, store: Math.round(performance.now() - drawnAt) },
      meanBatch: drawn.meanBatch,
    };
  },
};

/** One after another: at its full size each may take a hundred megabytes until it is stored. */
async function storeOutputs(
  { store, job }: Attempt,
  plan: GenerationPlan,
  { pictures, finish }: DrawnPlan,
): Promise<readonly JobOutput[]> {
  const outputs: JobOutput[] = [];
  for (const [index, { image, seed, variation, fidelity, candidates }] of pictures.entries()) {
    const inside = insideGenerated(plan, seed, variation);
    const key = outputKey(job, index, plan.output.format);
    outputs.push({
      ...(await storePicture(store, key, await finish(image), plan.output, { seed, ...inside })),
      ...(variation === undefined ? {} : { variation }),
      ...(fidelity === undefined ? {} : { fidelity }),
      ...(candidates === undefined ? {} : { candidates }),
    });
  }
  return outputs;
}

async function storeMaps(
  { store, job }: Attempt,
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
