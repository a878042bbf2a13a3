import type { ExtractionPlan } from '../../generation/kinds/extraction/plan.ts';
import { outputKey } from '../../store/keys.ts';
import { extractMap, seeExtraction } from '../extract-map.ts';
import { insideMap } from '../picture-metadata.ts';
import type { Runner } from '../runner.ts';
import { KeptData } from './kept-data.ts';
import { storePicture } from './store-picture.ts';

/** The map is the job's only output. */
export const extractionRunner: Runner<ExtractionPlan> = {
  async run({ job, store, extractor, decoder }, plan, signal) {
    const startedAt = performance.now();
    const picture = await seeExtraction({ store, decoder }, plan);
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
        prepare: Math.round(preparedAt - startedAt),
        draw: Math.round(extractedAt - preparedAt),
        store: Math.round(performance.now() - extractedAt),
      },
      meanBatch: null,
    };
  },
};
