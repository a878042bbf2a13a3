import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { elementCount, type Tensor } from '../numeric/tensor.ts';
import { latentsOf } from '../pipeline/drawn-over.ts';
import type { EpochOrder } from './epoch-order.ts';
import type { LearntSet } from './learnt-set.ts';
import { lossWeight } from './loss-weight.ts';
import { movedMap } from './moved-map.ts';
import { noised } from './noised.ts';
import { type RowFeeds, rowFeeds, type RowParts, stackRows } from './rows.ts';
import type { TrainingRandom } from './training-random.ts';

/** What rows are made with. */
export interface BatchParts extends RowParts {
  readonly plan: TrainingPlan;
  readonly set: LearntSet;
  readonly order: EpochOrder;
  readonly random: TrainingRandom;
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
  const { batch: of, timestepsPerMap } = parts.plan;
  const pictures = picturesOf(step, parts).slice(batch * of, (batch + 1) * of);
  const rows: RowFeeds[] = [];
  for (let copy = 0; copy < timestepsPerMap; copy++) {
    for (const [index, picture] of pictures.entries()) {
      rows.push(await rowOf(step, { place: batch * of + index, copy, picture }, parts));
    }
  }
  return stackRows(rows);
}

/** What a row of a step is made of: the picture at a place of it, and which of its timesteps it is. */
interface RowPlace {
  readonly place: number;
  readonly copy: number;
  readonly picture: number;
}

async function rowOf(step: number, { place, copy, picture }: RowPlace, parts: BatchParts): Promise<RowFeeds> {
  const { plan, set, random, shapes, cumulative, prediction, scalingFactor } = parts;
  const row = place * plan.timestepsPerMap + copy;
  const { latents, map, ...shown } = await set.row(picture, {
    flip: random.uniform('flip', step, place) < 0.5,
    silent: random.uniform('prompt', step, row) < plan.promptDropout,
  });
  const count = elementCount(shapes.latents);
  const spread = { mean: latents.subarray(0, count), logvar: latents.subarray(count), scalingFactor };
  const clean = latentsOf(spread, random.normals('latents', step, row, count));
  const timestep = Math.floor(random.uniform('timestep', step, row) * cumulative.length);
  const share = cumulative[timestep] as number;
  const { sample, target } = noised(clean, random.normals('noise', step, row, count), share, prediction);
  return {
    // Rows of one picture share its map.
    ...rowFeeds({ ...shown, map: copy === 0 ? jittered(map, step, place, parts) : null, sample, timestep }, parts),
    target: [target, shapes.latents],
    weights: [Float32Array.of(lossWeight(share, prediction, plan.minSnrGamma)), [1]],
  };
}

/** A map that is moved by chance, by whole pixels; as it is where the plan says none. */
function jittered(
  map: Float32Array | null,
  step: number,
  place: number,
  { plan: { mapJitter: most, resolution }, random }: BatchParts,
): Float32Array | null {
  if (map === null || most === 0) return map;
  const [across = 0, down = 0] = random
    .uniforms('jitter', step, place, 2)
    .map((value) => Math.floor(value * (2 * most + 1)) - most);
  return movedMap(map, resolution, { across, down });
}
