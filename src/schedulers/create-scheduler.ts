import { checkSteps } from './family.ts';
import type { SamplerOptions } from './options.ts';
import type { PartOfSteps, SchedulePart } from './part.ts';
import {
  type SchedulerId,
  schedulerIds,
  schedulers,
  schedulersWithChurn,
  schedulersWithEta,
  schedulersWithSchedule,
} from './registry.ts';
import { checkChurn, checkEta, checkSchedule, refuseOtherSchedule } from './sampler-choice.ts';
import type { SamplerRow } from './sampler-row.ts';
import type { NoiseSchedule, Scheduler } from './scheduler.ts';
import type { ScheduleId } from './schedules/registry.ts';

/** How many steps a run through a part of a schedule makes: what people see and what is paid for. */
export function stepsRun(id: SchedulerId, part: SchedulePart): number {
  return schedulers[id].stepsOf(part);
}

/**
 * The sampler of that id for a run of `steps` steps, or a part of it. `given` is what the model's scheduler_config.json says (see
 * `noiseScheduleFrom`) and what the request adds. Throws `invalid_request` for steps, a schedule, an eta or a churn that the sampler cannot
 * have, `model_invalid` where the model's file asks for what does not work.
 */
export function createScheduler(
  id: SchedulerId,
  schedule: NoiseSchedule,
  steps: number,
  given: Partial<SamplerOptions> = {},
  cut: PartOfSteps = { strength: 1 },
): Scheduler {
  const run = runAs(id, given.schedule ?? null);
  const chosen: SamplerRow = schedulers[run.id];
  const options = { ...given, schedule: run.schedule };
  if (given.eta !== undefined) checkEta(id, chosen, given.eta, schedulersWithEta);
  checkChurn(id, chosen, given.sChurn ?? 0, schedulersWithChurn);
  if (run.schedule !== null) checkSchedule(id, chosen, run.schedule, schedule, schedulersWithSchedule);
  const part = { steps, ...cut };
  checkSteps(chosen.stepsOfSchedule(part), chosen.stepLimit(schedule, options, cut.strength));
  return chosen.create(schedule, part, options);
}

interface NamedRun {
  readonly id: SchedulerId;
  /** Null: that of the id. */
  readonly schedule: ScheduleId | null;
}

/** A sampler with a schedule is the row that stands for both of them, where there is one. */
function runAs(id: SchedulerId, schedule: ScheduleId | null): NamedRun {
  if (schedule === null) return { id, schedule };
  const { combines }: SamplerRow = schedulers[id];
  if (combines !== null) {
    if (combines.schedule !== schedule) refuseOtherSchedule(id, combines, schedule);
    return { id, schedule: null };
  }
  const both = schedulerIds.find((candidate) => {
    const { combines: pair }: SamplerRow = schedulers[candidate];
    return pair?.scheduler === id && pair.schedule === schedule;
  });
  return both === undefined ? { id, schedule } : { id: both, schedule: null };
}

/** The schedule that a run has: what was asked for, else what the sampler's id stands for; null: the levels are spaced as the model says. */
export function scheduleOf(id: SchedulerId, asked: ScheduleId | null): ScheduleId | null {
  const { combines }: SamplerRow = schedulers[id];
  return asked ?? combines?.schedule ?? null;
}

/** The share of fresh noise that a sampler has where none is asked for; 0 where it has none to set. */
export function ownEta(id: SchedulerId): number {
  return schedulers[id].eta ?? 0;
}
