import type { SamplerFamily, StepLimit } from './family.ts';
import { type SamplerOptions, withOwnLevels } from './options.ts';
import { createPart, type SchedulePart, stepsOfPart, stepsOfSchedule } from './part.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import type { ScheduleId } from './schedules/registry.ts';

/** A sampler as users know it: a family with the options that its name stands for, and all that others have to know of it. */
export interface SamplerRow {
  readonly title: string;
  readonly description: string;
  readonly publicNames: PublicNames;
  /** How often the network is asked in each step. */
  readonly evaluationsPerStep: number;
  /** Its share of fresh noise in each step where none is asked for; null where it has none to set. */
  readonly eta: number | null;
  /** The sampler and the schedule that an id which names both stands for; null: it is a sampler. */
  readonly combines: Combination | null;
  /** Whether its levels may be those of a schedule. */
  readonly takesSchedule: boolean;
  /** Whether a step may begin with more noise, which it takes away again. */
  readonly takesChurn: boolean;
  /** Every option that it works with: what its name fixes, else what is given, else the family's default. */
  resolve(given: Partial<SamplerOptions>): Partial<SamplerOptions>;
  stepLimit(schedule: NoiseSchedule, given: Partial<SamplerOptions>, strength: number): StepLimit;
  /** How many steps a run through that part makes; 0 where nothing is left of it. */
  stepsOf(part: SchedulePart): number;
  /** How many steps it lays out to take them from. */
  stepsOfSchedule(part: SchedulePart): number;
  create(schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>): Scheduler;
}

export interface Combination {
  readonly scheduler: string;
  readonly schedule: ScheduleId;
}

/** What other programs call a sampler; null where they have none like it. */
export interface PublicNames {
  /** The class. */
  readonly diffusers: string | null;
  /** The sampler, with the schedule type behind it where the id fixes that. */
  readonly a1111: string | null;
  /** The sampler of a KSampler, with its scheduler behind it where the id fixes that. */
  readonly comfyui: string | null;
}

interface NamedRow extends Pick<SamplerRow, 'title' | 'description' | 'publicNames'> {
  readonly combines?: Combination;
  readonly fixed: Partial<SamplerOptions>;
}

/** The row of a family with the options that the id stands for. */
export function row<Options extends Partial<SamplerOptions>>(
  family: SamplerFamily<Options>,
  { fixed, combines: pair, ...words }: NamedRow,
): SamplerRow {
  const resolve = (given: Partial<SamplerOptions>): Options => family.resolve(withOwnLevels({ ...given, ...fixed }));
  const own = family.resolve({});
  return Object.freeze({
    ...words,
    combines: pair ?? null,
    takesSchedule: pair === undefined && 'schedule' in own,
    takesChurn: 'sChurn' in own,
    evaluationsPerStep: family.evaluationsPerStep,
    eta: own.eta ?? null,
    resolve,
    stepLimit: (schedule: NoiseSchedule, given: Partial<SamplerOptions>, strength: number) =>
      family.stepLimit(schedule, resolve(given), family.strengthCutsSchedule === true ? strength : 1),
    stepsOf: (part: SchedulePart) => (family.strengthCutsSchedule === true ? part.steps : stepsOfPart(part)),
    stepsOfSchedule: (part: SchedulePart) =>
      family.strengthCutsSchedule === true ? part.steps : stepsOfSchedule(part),
    create: (schedule: NoiseSchedule, part: SchedulePart, given: Partial<SamplerOptions>) =>
      createPart(family, schedule, part, resolve(given)),
  });
}
