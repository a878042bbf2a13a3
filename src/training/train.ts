import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { ArmatureError } from '../errors.ts';
import type { SessionSettings } from '../runtime/index.ts';
import { alphasCumprod } from '../schedulers/noise-schedule.ts';
import type { NoiseSchedule } from '../schedulers/scheduler.ts';
import type { BaseCheckpoint } from '../weights/checkpoint.ts';
import { batchFeeds, type BatchParts, picturesOf } from './batches.ts';
import type { CheckpointPort } from './checkpoints.ts';
import { EpochOrder } from './epoch-order.ts';
import type { LearntSet, LearntShapes } from './learnt-set.ts';
import type { TrainingMethod } from './methods/contract/method.ts';
import { learningRate } from './optimizer/learning-rate.ts';
import { move, type OptimizerState, optimizerOf } from './optimizer/optimizer.ts';
import { requireMemory } from './required-memory.ts';
import { layOut, type TrainedArrays } from './trained-arrays.ts';
import { TrainingRandom } from './training-random.ts';
import { openStep } from './training-step.ts';

/** What is known of a step once it is done. */
export interface StepDone {
  /** Counted from 1. */
  readonly step: number;
  /** Of its rows, each by its weight, before the weights were moved. */
  readonly loss: number;
  readonly learningRate: number;
  /** Length of all gradients together, before it was clipped. */
  readonly gradientNorm: number;
}

export interface TrainingParts {
  readonly base: BaseCheckpoint;
  readonly method: TrainingMethod;
  readonly set: LearntSet;
  readonly shapes: LearntShapes;
  /** Of the denoiser's latents over the autoencoder's. */
  readonly scalingFactor: number;
  readonly schedule: NoiseSchedule;
  readonly checkpoints: CheckpointPort;
  readonly settings: SessionSettings;
  /** Bytes of memory that this process may use. */
  readonly usableMemory: number;
}

/** What a training ends with. */
export interface Trained {
  readonly arrays: TrainedArrays;
  /** The result: the running average where one is kept. */
  readonly weights: Float32Array;
}

export interface TrainingWatch {
  /** Ends it, after the batch that runs, with a checkpoint. */
  readonly signal: AbortSignal;
  /** Before the first step; so many were done before. */
  readonly onBegin: (resumedAt: number) => Promise<void>;
  readonly onStep: (done: StepDone) => Promise<void>;
}

/**
 * Trains from where the last checkpoint is to the last step of the plan. The numbers depend on the plan, the set, the base and the threads of a run alone, and not on
 * how often it was interrupted.
 *
 * @throws ArmatureError `training_diverged` at the first number that is none, with the step, the rate and the pictures; `out_of_memory`; the signal's reason once it was stopped.
 */
export async function train(
  plan: TrainingPlan,
  parts: TrainingParts,
  { signal, onBegin, onStep }: TrainingWatch,
): Promise<Trained> {
  const { method, shapes, checkpoints, settings } = parts;
  const [, height, width] = shapes.latents;
  const { unet } = parts.base;
  const tokens = (shapes.caption - (unet.config.added?.pooledWidth ?? 0)) / unet.config.crossAttentionDim;
  const graph = method.graph({ rows: plan.batch, height, width, tokens });
  const arrays = layOut(graph, method.wholes(graph));
  requireMemory(arrays.length, { averaged: plan.ema !== null, usable: parts.usableMemory });
  const random = new TrainingRandom(plan.seed);
  const state = optimizerOf(new Float32Array(arrays.length), plan.ema !== null);
  const resumedAt = await checkpoints.restore(state);
  if (resumedAt === 0) await begin(state, arrays, method, random);
  await onBegin(resumedAt);
  const batch = batchPartsOf(plan, parts, random);
  const step = await openStep(graph, arrays, state.weights, settings);
  const gradients = new Float32Array(arrays.length);
  try {
    for (let at = resumedAt + 1; at <= plan.steps; at++) {
      gradients.fill(0);
      let loss = 0;
      for (let part = 0; part < plan.accumulation; part++) {
        if (signal.aborted) await checkpoints.write(at - 1, state);
        signal.throwIfAborted();
        loss +=
          (await step.run(await batchFeeds(at, part, batch), gradients, 1 / plan.accumulation)) / plan.accumulation;
      }
      const rate = learningRate(at, { ...plan, rate: plan.learningRate });
      const gradientNorm = move(state, gradients, { step: at, learningRate: rate, decay: plan.ema ?? 0 });
      if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) throw diverged(at, rate, batch);
      await onStep({ step: at, loss, learningRate: rate, gradientNorm });
      if (checkpoints.isDue(at)) await checkpoints.write(at, state);
    }
  } finally {
    await step.release();
  }
  return { arrays, weights: state.averages ?? state.weights };
}

async function begin(
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
  { base, set, shapes, scalingFactor, schedule }: TrainingParts,
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
    cumulative: alphasCumprod(schedule, 'zero'),
    prediction: schedule.predictionType,
  };
}

/** Names of pictures that a message holds. */
const mostNamed = 4;

function diverged(step: number, rate: number, parts: BatchParts): ArmatureError {
  const names = [...new Set(picturesOf(step, parts).map((index) => parts.set.nameAt(index)))];
  const shown = names.slice(0, mostNamed).join(', ');
  const more = names.length > mostNamed ? ` and ${names.length - mostNamed} more` : '';
  const detail = `The training left the range of numbers in step ${step}, at a learning rate of ${rate}, with ${shown}${more}. Nothing of that step is kept. Train with a smaller learning rate, or with a warmup.`;
  return new ArmatureError('training_diverged', detail);
}
