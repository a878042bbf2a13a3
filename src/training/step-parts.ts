import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import type { Graph } from '../graph/builder/graph.ts';
import type { StepSize } from '../graph/steps/step.ts';
import type { Weights } from '../graph/weights.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { SessionSettings } from '../runtime/index.ts';
import { alphasCumprod } from '../schedulers/noise-schedule.ts';
import type { NoiseSchedule } from '../schedulers/scheduler.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { batchFeeds, type BatchParts } from './batches.ts';
import { EpochOrder } from './epoch-order.ts';
import type { LearntSet, LearntShapes } from './learnt-set.ts';
import type { TrainingMethod } from './methods/contract/method.ts';
import type { OptimizerState } from './optimizer/optimizer.ts';
import { requireMemory } from './required-memory.ts';
import { rangeOf, timestepRanges } from './timestep-ranges.ts';
import { layOut, type TrainedArrays } from './trained-arrays.ts';
import { TrainingRandom } from './training-random.ts';
import type { TrainingStep } from './training-step.ts';

/** What the graph of a step is made of, beside the plan. */
interface GraphParts {
  readonly base: BaseCheckpoint;
  readonly method: TrainingMethod;
  readonly shapes: LearntShapes;
}

/** What steps are made of, beside the plan. */
export interface StepParts extends GraphParts {
  readonly set: LearntSet;
  /** Of the denoiser's latents over the autoencoder's. */
  readonly scalingFactor: number;
  readonly schedule: NoiseSchedule;
  readonly settings: SessionSettings;
  /** Bytes of memory that this process may use. */
  readonly usableMemory: number;
}

export interface PreparedSteps {
  readonly size: StepSize;
  readonly graph: Graph;
  readonly arrays: TrainedArrays;
  readonly random: TrainingRandom;
  readonly batch: BatchParts;
}

/** The graph of a step and what its rows are made with. @throws ArmatureError `out_of_memory` */
export function prepareSteps(plan: TrainingPlan, parts: StepParts): PreparedSteps {
  const steps = graphOfSteps(plan, parts);
  const looked = plan.validation === null ? 0 : lookedNumbers(parts.base);
  const locked = numbersIn(parts.base.unet.weights) + looked;
  requireMemory({ trained: steps.arrays.length, averaged: plan.ema !== null, locked, usable: parts.usableMemory });
  const random = new TrainingRandom(plan.seed);
  return { ...steps, random, batch: batchPartsOf(plan, parts, random) };
}

/** The graph of a step, and how that lies which it trains. */
export function graphOfSteps(
  { batch, timestepsPerMap: rowsOfMap }: TrainingPlan,
  { method, shapes, base }: GraphParts,
): Pick<PreparedSteps, 'size' | 'graph' | 'arrays'> {
  const [, height, width] = shapes.latents;
  const { added, crossAttentionDim } = base.unet.config;
  const tokens = (shapes.caption - (added?.pooledWidth ?? 0)) / crossAttentionDim;
  const size = { rows: batch * rowsOfMap, rowsOfMap, height, width, tokens };
  const graph = method.graph(size, 'learn');
  return { size, graph, arrays: layOut(graph, method.wholes(graph)) };
}

/** Numbers of the locked networks that a look at a training loads beside its step: the UNet once more, and what decodes pictures. */
export function lookedNumbers({ unet, vae }: BaseCheckpoint): number {
  return numbersIn(unet.weights) + numbersIn(vae.weights, (name) => name.startsWith('decoder.'));
}

function numbersIn(weights: Weights, isWanted: (name: string) => boolean = () => true): number {
  return [...weights].reduce((sum, [name, { shape }]) => sum + (isWanted(name) ? elementCount(shape) : 0), 0);
}

/** What a step missed, before it moved anything. */
export interface StepLosses {
  /** Of its rows, each by its weight. */
  readonly loss: number;
  /** Without weights, by range of timesteps; null where no row lay in it. */
  readonly ranges: readonly (number | null)[];
}

/** One step up to its gradients. */
export async function learn(
  step: TrainingStep,
  at: number,
  gradients: Float32Array,
  batch: BatchParts,
  signal: AbortSignal,
): Promise<StepLosses> {
  const { accumulation } = batch.plan;
  const [sums, counts] = [new Float64Array(timestepRanges), new Float64Array(timestepRanges)];
  let loss = 0;
  gradients.fill(0);
  for (let part = 0; part < accumulation; part++) {
    signal.throwIfAborted();
    const feeds = await batchFeeds(at, part, batch);
    const { mean, rows } = await step.run(feeds, gradients, 1 / accumulation);
    loss += mean / accumulation;
    for (const [row, value] of rows.entries()) {
      const range = rangeOf(feeds['timestep']?.data[row] ?? 0, batch.cumulative.length);
      sums[range] = (sums[range] as number) + value;
      counts[range] = (counts[range] as number) + 1;
    }
  }
  const ranges = [...sums].map((sum, range) => (counts[range] === 0 ? null : sum / (counts[range] as number)));
  return { loss, ranges };
}

/** What is trained as it begins, in its array and in the average of that. */
export async function begin(
  { weights, averages }: OptimizerState,
  { wholes }: TrainedArrays,
  method: TrainingMethod,
  random: TrainingRandom,
): Promise<void> {
  for (const [index, [name, { dims, offset }]] of [...wholes].entries()) {
    const uniform = (count: number): Float32Array =>
      random.uniforms('start', index, 0, count).map((value) => 2 * value - 1);
    weights.set(await method.start(name, dims, uniform), offset);
  }
  averages?.set(weights);
}

function batchPartsOf(
  plan: TrainingPlan,
  { base, set, shapes, scalingFactor, schedule }: StepParts,
  random: TrainingRandom,
): BatchParts {
  return {
    plan,
    set,
    random,
    shapes,
    scalingFactor,
    order: new EpochOrder(random, set.length),
    unet: base.unet.config,
    resolution: plan.resolution,
    usesMaps: plan.trained.condition !== null,
    cumulative: alphasCumprod(schedule, 'zero'),
    prediction: schedule.predictionType,
  };
}
