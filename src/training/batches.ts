import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import type { UNetConfig } from '../graph/configs.ts';
import { elementCount, stack, type Tensor } from '../numeric/tensor.ts';
import { latentsOf } from '../pipeline/drawn-over.ts';
import type { PredictionType } from '../schedulers/prediction-type.ts';
import type { EpochOrder } from './epoch-order.ts';
import type { LearntSet, LearntShapes } from './learnt-set.ts';
import { lossWeight } from './loss-weight.ts';
import { noised } from './noised.ts';
import type { TrainingRandom } from './training-random.ts';

/** What rows are made with. */
export interface BatchParts {
  readonly plan: TrainingPlan;
  readonly set: LearntSet;
  readonly order: EpochOrder;
  readonly random: TrainingRandom;
  readonly shapes: LearntShapes;
  readonly unet: UNetConfig;
  /** Share of the signal's power that is left at each timestep. */
  readonly cumulative: Float32Array;
  readonly prediction: PredictionType;
  /** Latents of the denoiser are the autoencoder's times this. */
  readonly scalingFactor: number;
}

/** A row of a step, what it is given and what is to be said of it. */
interface Row {
  readonly feeds: Readonly<Record<string, readonly [data: Float32Array, dims: readonly number[]]>>;
}

/** Pictures that a step learns from, by their places in the set, batch after batch. */
export function picturesOf(step: number, { plan, order }: Pick<BatchParts, 'plan' | 'order'>): readonly number[] {
  const rows = plan.batch * plan.accumulation;
  return Array.from({ length: rows }, (_, row) => order.at((step - 1) * rows + row));
}

/**
 * What the graph of a step is fed with for one batch of a step (counted from 1), besides what is trained. Each row is a function of the seed, the step and its
 * place in the step alone, in however many batches that is cut.
 */
export async function batchFeeds(
  step: number,
  batch: number,
  parts: BatchParts,
): Promise<Readonly<Record<string, Tensor>>> {
  const { plan } = parts;
  const pictures = picturesOf(step, parts).slice(batch * plan.batch, (batch + 1) * plan.batch);
  const rows: Row[] = [];
  for (const [index, picture] of pictures.entries()) {
    rows.push(await rowOf(step, batch * plan.batch + index, picture, parts));
  }
  const [first] = rows;
  return Object.fromEntries(
    Object.entries(first?.feeds ?? {}).map(([name, [, dims]]) => {
      const data = rows.map(({ feeds }) => feeds[name]?.[0] ?? new Float32Array());
      return [name, stack(data, dims)];
    }),
  );
}

async function rowOf(step: number, row: number, picture: number, parts: BatchParts): Promise<Row> {
  const { plan, set, random, shapes, unet, cumulative, prediction, scalingFactor } = parts;
  const { latents, caption, map, sizes } = await set.row(picture, {
    flip: random.uniform('flip', step, row) < 0.5,
    silent: random.uniform('prompt', step, row) < plan.promptDropout,
  });
  const count = elementCount(shapes.latents);
  const spread = { mean: latents.subarray(0, count), logvar: latents.subarray(count), scalingFactor };
  const clean = latentsOf(spread, random.normals('latents', step, row, count));
  const timestep = Math.floor(random.uniform('timestep', step, row) * cumulative.length);
  const share = cumulative[timestep] as number;
  const { sample, target } = noised(clean, random.normals('noise', step, row, count), share, prediction);
  const { crossAttentionDim: width, added } = unet;
  const pooled = added?.pooledWidth ?? 0;
  const context = caption.subarray(0, caption.length - pooled);
  return {
    feeds: {
      sample: [sample, shapes.latents],
      timestep: [Float32Array.of(timestep), []],
      encoder_hidden_states: [context, [context.length / width, width]],
      target: [target, shapes.latents],
      weights: [Float32Array.of(lossWeight(share, prediction, plan.minSnrGamma)), [1]],
      ...(map === null ? {} : { image: [map, [3, plan.resolution.height, plan.resolution.width]] }),
      ...(added === null
        ? {}
        : {
            text_embeds: [caption.subarray(caption.length - pooled), [pooled]],
            time_ids: [Float32Array.from(sizes), [added.ids]],
          }),
    },
  };
}
