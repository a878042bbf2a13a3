import { ArmatureError } from '../errors.ts';
import type { SamplerOptions } from './options.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';

/** A kind of sampler: its options and how one is built from them. */
export interface SamplerFamily<Options = Partial<SamplerOptions>, Built extends Scheduler = Scheduler> {
  /** The family's own options, each given or diffusers' default. */
  resolve(given: Partial<SamplerOptions>): Options;
  /** Throws `invalid_request` for a number of steps and `model_invalid` for options that it cannot work with. */
  create(schedule: NoiseSchedule, steps: number, options: Options): Built;
}

/** Throws unless `steps` is an integer from 1 to `most`. */
export function checkSteps(steps: number, most: number, reason: string): void {
  if (Number.isInteger(steps) && steps >= 1 && steps <= most) return;
  throw new ArmatureError(
    'invalid_request',
    `Expected steps to be an integer from 1 to ${most} (${reason}) but received ${steps}.`,
    { field: 'steps' },
  );
}
