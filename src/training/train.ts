import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { ArmatureError } from '../errors.ts';
import { type BatchParts, picturesOf } from './batches.ts';
import type { CheckpointPort } from './checkpoints.ts';
import { learningRate } from './optimizer/learning-rate.ts';
import { lookerOf, type ValidationPort } from './look.ts';
import { TrainingStop } from './contract/training-stop.ts';
import { move, optimizerOf } from './optimizer/optimizer.ts';
import type { TrainedArrays } from './trained-arrays.ts';
import { begin, learn, prepareSteps, type StepParts } from './step-parts.ts';
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
  /** Mean squared error without weights by range of timesteps, from the least noise to the most; null where no row lay in it. */
  readonly ranges: readonly (number | null)[];
}

export interface TrainingParts extends StepParts {
  readonly checkpoints: CheckpointPort;
  readonly keeping: KeepingPort;
  /** Null where nothing is looked at. */
  readonly validation: ValidationPort | null;
}

/** What a training ends with. */
export interface Trained {
  readonly arrays: TrainedArrays;
  /** The result: the running average where one is kept. */
  readonly weights: Float32Array;
  /** The step after which they were so. */
  readonly step: number;
}

/** Keeps what a training would end with after some of its steps. */
export interface KeepingPort {
  isDue(step: number): boolean;
  /** Whole or not at all. */
  write(trained: Trained): Promise<void>;
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
 * @throws ArmatureError `training_diverged` at the first number that is none, with the step, the rate and the pictures; `out_of_memory`; the signal's reason once it was stopped, but for a TrainingStop, with which it ends at once.
 */
export async function train(
  plan: TrainingPlan,
  parts: TrainingParts,
  { signal, onBegin, onStep }: TrainingWatch,
): Promise<Trained> {
  const { method, checkpoints, keeping, settings } = parts;
  const { size, graph, arrays, random, batch } = prepareSteps(plan, parts);
  const state = optimizerOf(new Float32Array(arrays.length), plan.ema !== null);
  const resumedAt = await checkpoints.restore(state);
  if (resumedAt === 0) await begin(state, arrays, method, random);
  await onBegin(resumedAt);
  const look = lookerOf(parts, parts.validation, { size, arrays, state, steps: plan.steps });
  const gradients = new Float32Array(arrays.length);
  const step = await openStep(graph, arrays, state.weights, settings);
  let done = resumedAt;
  try {
    await look(done);
    while (done < plan.steps) {
      const at = done + 1;
      const losses = await learn(step, at, gradients, batch, signal);
      const rate = learningRate(at, { ...plan, rate: plan.learningRate });
      const gradientNorm = move(state, gradients, { step: at, learningRate: rate, decay: plan.ema ?? 0 });
      if (!Number.isFinite(losses.loss) || !Number.isFinite(gradientNorm)) throw diverged(at, rate, batch);
      done = at;
      await onStep({ step: at, ...losses, learningRate: rate, gradientNorm });
      await look(at);
      if (keeping.isDue(at)) await keeping.write({ arrays, weights: state.averages ?? state.weights, step: at });
      if (checkpoints.isDue(at)) await checkpoints.write(at, state);
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    if (!(error instanceof TrainingStop)) {
      await checkpoints.write(done, state);
      throw error;
    }
    const best = await parts.validation?.best(arrays.length);
    if (best !== undefined && best !== null) return { arrays, ...best };
  } finally {
    await step.release();
  }
  return { arrays, weights: state.averages ?? state.weights, step: done };
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
