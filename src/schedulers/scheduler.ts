import type { PredictionType } from './prediction-type.ts';

/**
 * The contract of a sampler over a discrete noise schedule, built for one run. It is asked for what the network is to
 * predict, and given the answer, once for each of `evaluations`, in order:
 *
 *     for (let state = start(latents); state.evaluation < evaluations.length; )
 *       state = answer(state, predict(ask(state)), noise);
 *
 * It remembers nothing itself: all that changes lies in the state, so that one instance serves every sample of a run.
 */
export interface Scheduler<Memory extends SchedulerMemory = SchedulerMemory> {
  /** Every evaluation of the network, in order. A step may have several. */
  readonly evaluations: readonly Evaluation[];
  /** Initial latents are standard normals times this. */
  readonly initialNoiseSigma: number;
  /**
   * The state before evaluation `from`, by default the first, which is the first of its step: nothing is known of those before it. Keeps `latents`, unscaled,
   * which are not written to any more.
   */
  start(latents: Float32Array, from?: number): SchedulerState<Memory>;
  /** What the network is asked next. Throws RangeError where the run is over. */
  ask(state: SchedulerState<Memory>): Question;
  /**
   * The state after the network predicted `prediction` (epsilon or v, by the schedule's prediction type) for what was asked.
   * Its latents are a new array where the step is done, else the same; no argument is written to.
   */
  answer(state: SchedulerState<Memory>, prediction: Float32Array, noise: Noise): SchedulerState<Memory>;
  /** The clean sample that `prediction` points to, in a new array: what a preview shows. */
  clean(state: SchedulerState<Memory>, prediction: Float32Array): Float32Array;
  /** `original` noised to the level of evaluation `index`: where img2img starts. */
  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array;
}

/** One evaluation of the network in a run. */
export interface Evaluation {
  /** The step that it belongs to, from 0: what people count. */
  readonly step: number;
  /** Its place within the step, from 0. */
  readonly stage: number;
  /** As the model gets it; may be fractional. */
  readonly timestep: number;
  /** How much noise a unit of signal has there, sqrt((1 - alpha) / alpha): the same measure in every sampler; may be infinite. */
  readonly level: number;
}

export interface Question extends Pick<Evaluation, 'timestep' | 'level'> {
  /** As the network wants them; the state's own array where no scaling is needed. */
  readonly latents: Float32Array;
}

/**
 * All that changes in a run, as plain data: a sample that is resumed from a checkpoint gets its state back and goes on as if
 * nothing had happened, between two evaluations of one step too.
 */
export interface SchedulerState<Memory extends SchedulerMemory = SchedulerMemory> {
  /** Index of the next evaluation; the number of evaluations where the run is over. */
  readonly evaluation: number;
  /** The unscaled sample that the present step started from. */
  readonly latents: Float32Array;
  /** What the sampler remembers of earlier evaluations. */
  readonly memory: Memory;
}

export type SchedulerMemory = { readonly [name: string]: SchedulerMemoryValue };
export type SchedulerMemoryValue = number | null | Float32Array | readonly (Float32Array | number | null)[];
/** Of samplers that look at one evaluation at a time. */
export type NoMemory = Readonly<Record<string, never>>;

/** Fresh noise for one sample. */
export interface Noise {
  /** Standard normals of the sample's size, a new array, in the order in which diffusers draws them. */
  draw(): Float32Array;
  /**
   * Standard normals of the sample's size, a new array: the change of a Brownian path between two levels of noise, over the root of their distance. A
   * function of the sample and the levels alone, however often and in whatever order it is asked for.
   */
  between(level: number, other: number): Float32Array;
}

/** A sampler in the space of noise levels sigma = sqrt((1 - alpha) / alpha), such as Euler and the DPM solvers. */
export interface SigmaScheduler<Memory extends SchedulerMemory = SchedulerMemory> extends Scheduler<Memory> {
  /** The noise level at each step, and the one after the last step: one entry more than there are steps. */
  readonly sigmas: Float32Array;
}

export type TimestepSpacing = 'linspace' | 'leading' | 'trailing';
export type BetaSchedule = 'linear' | 'scaled_linear' | 'squaredcos_cap_v2';

/**
 * The noise schedule that a model was trained with, from its scheduler_config.json; every sampler can be built on it.
 * Field names follow diffusers (snake_case in the file).
 */
export interface NoiseSchedule {
  readonly trainTimesteps: number;
  readonly betaStart: number;
  readonly betaEnd: number;
  readonly betaSchedule: BetaSchedule;
  readonly trainedBetas: readonly number[] | null;
  readonly predictionType: PredictionType;
  readonly rescaleBetasZeroSnr: boolean;
}
