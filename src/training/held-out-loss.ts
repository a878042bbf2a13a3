import { elementCount } from '../numeric/tensor.ts';
import { latentsOf } from '../pipeline/drawn-over.ts';
import type { LearntSet } from './learnt-set.ts';
import { noised } from './noised.ts';
import type { Predictor } from './predictor.ts';
import { type RowParts, rowFeeds, stackRows } from './rows.ts';
import { timestepRanges } from './timestep-ranges.ts';
import type { TrainingRandom } from './training-random.ts';

/** The error of what was trained on pairs that it never learnt from, at noise that is the same each time. */
export interface HeldOutLoss {
  /** Mean squared error without weights, each pair at a timestep of each range. */
  readonly own: number;
  /** With the map of the next pair in the place of the own; null where maps are not used, and of a single pair. */
  readonly shuffled: number | null;
  /** Own, by range of timesteps, from the least noise to the most. */
  readonly ranges: readonly number[];
  /** How many standard errors the mean of (shuffled - own) over pairs lies above 0; null as above. */
  readonly certainty: number | null;
}

export interface HeldOutParts extends RowParts {
  readonly set: LearntSet;
  readonly random: TrainingRandom;
}

/** Measures it: for each pair and range one run of two rows, the own map and another's. */
export async function heldOutLoss(
  predictor: Predictor,
  parts: HeldOutParts,
  signal: AbortSignal,
): Promise<HeldOutLoss> {
  const { set, random, shapes, cumulative, prediction, scalingFactor } = parts;
  const count = elementCount(shapes.latents);
  const sums = new Float64Array(timestepRanges);
  const differences: number[] = [];
  let all = 0;
  for (let index = 0; index < set.length; index++) {
    signal.throwIfAborted();
    const pair = await set.row(index, { flip: false, silent: false });
    const other = (await set.row((index + 1) % set.length, { flip: false, silent: false })).map;
    const spread = { mean: pair.latents.subarray(0, count), logvar: pair.latents.subarray(count), scalingFactor };
    const clean = latentsOf(spread, new Float32Array(count));
    let difference = 0;
    for (let range = 0; range < timestepRanges; range++) {
      const place = index * timestepRanges + range;
      const within = (range + random.uniform('held out', place, 0)) / timestepRanges;
      const timestep = Math.floor(within * cumulative.length);
      const noise = random.normals('held out', place, 1, count);
      const { sample, target } = noised(clean, noise, cumulative[timestep] as number, prediction);
      const row = { ...pair, sample, timestep };
      const rows = [row, { ...row, map: other }].map((one) => rowFeeds(one, parts));
      const { data } = await predictor.predict(stackRows(rows), 1);
      const own = squaredError(data.subarray(0, count), target);
      sums[range] = (sums[range] as number) + own;
      const shuffled = squaredError(data.subarray(count), target);
      all += shuffled;
      difference += (shuffled - own) / timestepRanges;
    }
    differences.push(difference);
  }
  const isCompared = parts.usesMaps && set.length > 1;
  const ranges = [...sums].map((sum) => sum / set.length);
  return {
    own: ranges.reduce((sum, one) => sum + one, 0) / timestepRanges,
    shuffled: isCompared ? all / (set.length * timestepRanges) : null,
    ranges,
    certainty: isCompared ? standardErrors(differences) : null,
  };
}

function squaredError(made: Float32Array, target: Float32Array): number {
  return made.reduce((sum, value, index) => sum + (value - (target[index] as number)) ** 2, 0) / made.length;
}

/** The mean over its standard error. */
function standardErrors(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return variance === 0 ? 0 : mean / Math.sqrt(variance / values.length);
}
