import type { Job, JobResult } from '../generation/job.ts';
import type { ExtractionPlan } from '../generation/plan.ts';
import { outputKey } from '../store/keys.ts';
import { extractMap } from '../drawing/extract-map.ts';
import { insideMap } from '../drawing/picture-metadata.ts';
import { KeptData } from './kept-data.ts';
import { readPicture } from '../drawing/read-picture.ts';
import { storePicture } from './store-picture.ts';
import type { WorkerParts } from './parts.ts';

/** One attempt at an extraction: the map is the job's only output. */
export async function extractCondition(
  { store, extractor, decoder }: WorkerParts,
  job: Job,
  plan: ExtractionPlan,
  signal: AbortSignal,
): Promise<JobResult> {
  const startedAt = performance.now();
  const picture = await readPicture(
    store,
    plan.condition,
    { image: plan.image, mask: plan.imageMask },
    'white',
    decoder,
  );
  const preparedAt = performance.now();
  const { map, data, remarks } = await extractMap(extractor, plan, picture, signal);
  const extractedAt = performance.now();
  const kept = new KeptData();
  const found = kept.keep(plan.condition, data);
  const output = await storePicture(store, outputKey(job, 0, plan.output.format), map, plan.output, {
    seed: null,
    ...insideMap,
  });
  return {
    outputs: [{ ...output, ...found }],
    maps: [],
    warnings: [...remarks.map(({ detail }) => detail), ...kept.warnings],
    timings: {
      wait: (job.startedAt ?? job.createdAt).getTime() - job.createdAt.getTime(),
      prepare: Math.round(preparedAt - startedAt),
      draw: Math.round(extractedAt - preparedAt),
      store: Math.round(performance.now() - extractedAt),
    },
    meanBatch: null,
  };
}
