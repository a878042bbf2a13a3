/**
 * The contract of a sampler over a discrete noise schedule, one instance a sample. Built for `steps` inference steps, it
 * is called once for each entry of `timesteps`, in order.
 *
 * All state that changes between calls lies in `state`, plain data (numbers and Float32Arrays) that can be structured
 * cloned: a sample that is resumed from a checkpoint gets its state back and goes on as if nothing had happened.
 */
export interface Scheduler {
  /** The timesteps at which the network is asked, as the model gets them (may be fractional), one for each call of `step`. */
  readonly timesteps: readonly number[];
  /** Initial latents are standard normals times this. */
  readonly initialNoiseSigma: number;
  /** What may change between steps. Assign a clone to resume. */
  state: SchedulerState;
  /** The sample as the network wants it at step `index`. Returns `sample` itself where no scaling is needed; never writes to it. */
  scaleModelInput(sample: Float32Array, index: number): Float32Array;
  /**
   * One step. `output` is what the network predicted (epsilon or v, by the schedule's prediction type), `sample` the
   * unscaled sample at step `index`. Returns the next sample in a new array and writes to neither argument. `noise` gives
   * fresh standard normals of the sample's size, in the order in which diffusers draws them.
   */
  step(output: Float32Array, index: number, sample: Float32Array, noise: NoiseSource): Float32Array;
  /** `original` noised to the level of step `index`: where img2img starts. */
  addNoise(original: Float32Array, noise: Float32Array, index: number): Float32Array;
}

/** A sampler in the space of noise levels sigma = sqrt((1 - alpha) / alpha), such as Euler and the DPM solvers. */
export interface SigmaScheduler extends Scheduler {
  /** The noise level at each step, and the one after the last step: one entry more than there are timesteps. */
  readonly sigmas: Float32Array;
}

export type SchedulerState = { readonly [name: string]: SchedulerStateValue };
export type SchedulerStateValue = number | null | Float32Array | readonly (Float32Array | number | null)[];

export type NoiseSource = () => Float32Array;

export type PredictionType = 'epsilon' | 'v_prediction' | 'sample';
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
