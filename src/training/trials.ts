import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import { lookerOf } from './look.ts';
import type { OpenValidation } from './open-validation.ts';
import { move, optimizerOf } from './optimizer/optimizer.ts';
import { begin, learn, prepareSteps, type StepParts } from './step-parts.ts';
import { openStep } from './training-step.ts';

/** Steps on weights that are thrown away. */
export interface TrialOptions {
  readonly signal: AbortSignal;
  /** Milliseconds. */
  readonly now: () => number;
}

/** The first step loads and plans, which others do not. */
const measuredSteps = { unmeasured: 1, measured: 3 };
/** Steps by which the time of one is measured. */
export const trialSteps = measuredSteps.unmeasured + measuredSteps.measured;

/** Seconds that a step takes, by the first ones. */
export async function secondsOfStep(
  plan: TrainingPlan,
  parts: StepParts,
  { signal, now }: TrialOptions,
): Promise<number> {
  const { graph, arrays, random, batch } = prepareSteps(plan, parts);
  const state = optimizerOf(new Float32Array(arrays.length), plan.ema !== null);
  await begin(state, arrays, parts.method, random);
  const step = await openStep(graph, arrays, state.weights, parts.settings);
  const gradients = new Float32Array(arrays.length);
  const { unmeasured, measured } = measuredSteps;
  try {
    let from = now();
    for (let at = 1; at <= trialSteps; at++) {
      await learn(step, at, gradients, batch, signal);
      move(state, gradients, { step: at, learningRate: plan.learningRate, decay: plan.ema ?? 0 });
      if (at === unmeasured) from = now();
    }
    return (now() - from) / 1000 / measured;
  } finally {
    await step.release();
  }
}

/** Seconds that a look at a training takes, by the one before its first step, which counts. */
export async function secondsOfLook(
  plan: TrainingPlan,
  parts: StepParts,
  validation: OpenValidation,
  { now }: TrialOptions,
): Promise<number> {
  const { size, arrays, random } = prepareSteps(plan, parts);
  const state = optimizerOf(new Float32Array(arrays.length), plan.ema !== null);
  await begin(state, arrays, parts.method, random);
  // One of a run that was ended before its steps were known says nothing of how long it took.
  await validation.keep(-1);
  const from = now();
  await lookerOf(parts, validation, { size, arrays, state, steps: plan.steps })(0);
  return (now() - from) / 1000;
}

/** From the least rate to the largest, as many steps for each tenfold. */
const range = { least: 1e-7, most: 1e-1, steps: 48 };
/** How much of the running mean of losses is kept, how far above the untrained one it may rise, and the share of the best rate that is taken. */
const test = { kept: 0.8, highest: 1.5, share: 0.1 };

/**
 * A learning rate by Smith's range test (2017): the rate rises from step to step, and a tenth of that at which the loss was least is taken. The loss is told beside that of
 * the weights of the beginning on the same rows, since what a timestep costs differs far more than what a few steps teach.
 */
export async function findLearningRate(
  plan: TrainingPlan,
  parts: StepParts,
  { signal }: TrialOptions,
): Promise<number> {
  const { graph, arrays, random, batch } = prepareSteps(plan, parts);
  const state = optimizerOf(new Float32Array(arrays.length), false);
  await begin(state, arrays, parts.method, random);
  const untrained = state.weights.slice();
  const trained = state.weights.slice();
  const step = await openStep(graph, arrays, state.weights, parts.settings);
  const gradients = new Float32Array(arrays.length);
  let [running, best] = [0, { value: Infinity, rate: range.least }];
  try {
    for (let at = 1; at <= range.steps; at++) {
      const rate = range.least * (range.most / range.least) ** ((at - 1) / (range.steps - 1));
      state.weights.set(untrained);
      const { loss: before } = await learn(step, at, gradients, batch, signal);
      state.weights.set(trained);
      const { loss } = await learn(step, at, gradients, batch, signal);
      running = test.kept * running + (1 - test.kept) * (loss / before);
      const value = running / (1 - test.kept ** at);
      if (value < best.value) best = { value, rate };
      const norm = move(state, gradients, { step: at, learningRate: rate, decay: 0 });
      if (!Number.isFinite(norm) || !(value < test.highest)) break;
      trained.set(state.weights);
    }
  } finally {
    await step.release();
  }
  // Two digits: more would say more than the test does.
  return Number((test.share * best.rate).toPrecision(2));
}
