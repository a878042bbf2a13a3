import type { TimestepSpacing } from './scheduler.ts';
import type { ScheduleId } from './schedules/registry.ts';
import type { PublishedFor } from './schedules/schedule.ts';

/** How the noise levels of a run lie between the largest and the smallest; `schedule` follows the model's own. */
export type SigmaSpacing = 'schedule' | 'karras' | 'exponential' | 'beta' | 'lu';

export type DpmAlgorithm = 'dpmsolver' | 'dpmsolver++' | 'sde-dpmsolver' | 'sde-dpmsolver++';
export type SolverType = 'midpoint' | 'heun' | 'bh1' | 'bh2' | 'logrho';

/**
 * Every option that some sampler has, under diffusers' names in camel case. Each family picks its own and has diffusers'
 * defaults for those that are not given.
 */
export interface SamplerOptions {
  readonly timestepSpacing: TimestepSpacing;
  /** Added to every timestep where the spacing is `leading`. */
  readonly stepsOffset: number;
  /** Whether the last step ends at a sample without noise, or at the noise level of timestep 0. */
  readonly setAlphaToOne: boolean;
  readonly clipSample: boolean;
  readonly clipSampleRange: number;
  /** Share of fresh noise in each step, 0 .. 1. */
  readonly eta: number;
  readonly sigmaSpacing: SigmaSpacing;
  /** The schedule whose levels a run has, instead of those of a spacing; null: a spacing's. */
  readonly schedule: ScheduleId | null;
  /** Whose levels a schedule takes that is a published list. */
  readonly publishedFor: PublishedFor;
  readonly finalSigmasType: 'zero' | 'sigma_min';
  /** Ends of the Karras, exponential and beta spacings; null takes the schedule's. */
  readonly sigmaMin: number | null;
  readonly sigmaMax: number | null;
  /** Euler: noise that is added and removed again where sTmin <= sigma <= sTmax (Karras et al. 2022, algorithm 2). */
  readonly sChurn: number;
  readonly sTmin: number;
  readonly sTmax: number;
  readonly sNoise: number;
  readonly algorithmType: DpmAlgorithm;
  readonly solverOrder: number;
  readonly solverType: SolverType;
  readonly lowerOrderFinal: boolean;
  readonly eulerAtFinal: boolean;
  readonly lambdaMinClipped: number;
  readonly predictX0: boolean;
  /** Steps after which UniPC leaves its corrector out. */
  readonly disableCorrector: readonly number[];
  /** DDPM: the noise of a step is that of the posterior, or all that the step adds. */
  readonly varianceType: 'fixed_small' | 'fixed_large';
  /** PNDM: whether its run begins without Runge-Kutta steps. */
  readonly skipPrkSteps: boolean;
  readonly originalInferenceSteps: number;
  readonly timestepScaling: number;
}

/** `defaults` with the fields that `given` has; fields of other families are left out. */
export function resolveOptions<Name extends keyof SamplerOptions>(
  defaults: Pick<SamplerOptions, Name>,
  given: Partial<SamplerOptions>,
): Pick<SamplerOptions, Name> {
  const resolved = { ...defaults };
  for (const name of Object.keys(defaults) as Name[]) {
    const value = given[name];
    if (value !== undefined) resolved[name] = value;
  }
  return resolved;
}

/** What a sampler resolves where its levels may be those of a schedule. */
export const scheduleDefaults = { schedule: null, publishedFor: 'sd15' } as const satisfies Partial<SamplerOptions>;

/** `given` for a sampler whose levels are those of its schedule, if it has one: what else says where levels lie and where a run ends does not count then. */
export function withOwnLevels(given: Partial<SamplerOptions>): Partial<SamplerOptions> {
  if ((given.schedule ?? null) === null) return given;
  return { ...given, timestepSpacing: 'linspace', stepsOffset: 0, sigmaSpacing: 'schedule', finalSigmasType: 'zero' };
}
