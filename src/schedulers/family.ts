import { ArmatureError } from '../errors.ts';
import type { SamplerOptions } from './options.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';

/** A kind of sampler: its options and how one is built from them. */
export interface SamplerFamily<Options = Partial<SamplerOptions>, Built extends Scheduler = Scheduler> {
  /** How often the network is asked in each step. */
  readonly evaluationsPerStep: number;
  /** The family's own options, each given or diffusers' default. */
  resolve(given: Partial<SamplerOptions>): Options;
  /** Whether a strength cuts the schedule that steps are taken from, so that all of them are made; else it cuts the steps. */
  readonly strengthCutsSchedule?: true;
  /** Most steps that it can make of a schedule, of a part of it where strength cuts that. */
  stepLimit(schedule: NoiseSchedule, options: Options, strength?: number): StepLimit;
  /**
   * For a number of steps within the limit. Throws `model_invalid` for options that it cannot work with. `strength` (1 where it is
   * absent) is given only where it cuts the schedule.
   */
  create(schedule: NoiseSchedule, steps: number, options: Options, strength?: number): Built;
  /** The last steps of such a run, as many as `last`; absent: they begin as any run does, at the level of the first of them. */
  createLast?(schedule: NoiseSchedule, steps: number, options: Options, last: number): Built;
}

export interface StepLimit {
  readonly most: number;
  /** What that many are: `the timesteps that the model was trained on`. */
  readonly because: string;
}

/** Of samplers whose steps are timesteps of the training. */
export function trainedSteps(most: number): StepLimit {
  return { most, because: 'the timesteps that the model was trained on' };
}

/** Throws unless `steps` is an integer from 1 to the most. */
export function checkSteps(steps: number, { most, because }: StepLimit): void {
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return;
  throw new ArmatureError(
    'invalid_request',
    `Expected steps to be an integer from 1 to ${most} (${because}) but received ${steps}.`,
    { field: 'steps' },
  );
}
