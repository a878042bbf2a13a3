import type { UpscalePlan } from '../../generation/kinds/upscale/plan.ts';
import { outputKey } from '../../store/keys.ts';
import { insideUpscaled } from '../picture-metadata.ts';
import type { Runner } from '../runner.ts';
import { findNetwork, readWhole, upscale, upscaleByNetwork } from '../upscale.ts';
import { storePicture } from './store-picture.ts';

/** The larger picture is the job's only output. */
export const upscaleRunner: Runner<UpscalePlan> = {
  async run({ job, library, device, store, extractor, decoder, progress }, plan, signal) {
    const startedAt = performance.now();
    const network = await findNetwork(library, plan.upscaler);
    const { image, sourceType } = await readWhole({ store, decoder }, plan);
    signal.throwIfAborted();
    const preparedAt = performance.now();
    const key = { job: job.id, attempt: job.attempt };
    const larger =
      network === null
        ? await upscale({ extractor }, plan.upscaler, image, plan, signal)
        : await upscaleByNetwork({ extractor, device }, network, image, plan, key, {
            signal,
            onProgress: (done) => progress.report(done),
          });
    const drawnAt = performance.now();
    const output = await storePicture(store, outputKey(job, 0, plan.output.format), larger, plan.output, {
      seed: null,
      ...insideUpscaled(plan.upscaler, sourceType),
    });
    return {
      outputs: [output],
      maps: [],
      warnings: [],
      timings: {
        prepare: Math.round(preparedAt - startedAt),
        draw: Math.round(drawnAt - preparedAt),
        store: Math.round(performance.now() - drawnAt),
      },
      meanBatch: null,
    };
  },
};
