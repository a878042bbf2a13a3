import { nextEvaluation } from './evaluations.ts';
import type { SamplerFamily } from './family.ts';
import type { Evaluation, NoiseSchedule, Scheduler, SchedulerMemory, SchedulerState } from './scheduler.ts';

/** The part of a schedule that a run goes through. */
export interface SchedulePart extends PartOfSteps {
  readonly steps: number;
}

export interface PartOfSteps {
  /** Above 0, at most 1: the last of the steps, as many as that share of them says. */
  readonly strength: number;
  /**
   * `executed`: `steps` are those that are made, and the schedule, of which they are the last ones, has as many more as the strength is below
   * 1. Absent: they are those of the schedule.
   */
  readonly counts?: 'executed' | undefined;
  /** Of these steps those that begin at this timestep or above it; absent: to the end. */
  readonly downTo?: number | undefined;
  /** Of these steps those that begin below this timestep; absent: from the beginning. */
  readonly below?: number | undefined;
}

/** How many of the steps a strength leaves: the product in doubles, cut to a whole number (diffusers); 0 where nothing is left of it. */
export function stepsOfPart({ steps, strength, counts }: SchedulePart): number {
  return counts === 'executed' ? steps : Math.min(Math.trunc(steps * strength), steps);
}

/** How many steps the schedule has that the part is taken from. */
export function stepsOfSchedule({ steps, strength, counts }: SchedulePart): number {
  return counts === 'executed' ? Math.trunc(steps / strength) : steps;
}

/**
 * The last `steps` steps of a run as a run of their own, whose evaluations count from 0. It begins at the noise level of its first
 * step, and remembers nothing of those that are left out. The scheduler itself where that is all of it.
 */
export function lastSteps<Memory extends SchedulerMemory>(
  scheduler: Scheduler<Memory>,
  steps: number,
): Scheduler<Memory> {
  const { evaluations } = scheduler;
  const before = (evaluations.at(-1)?.step ?? -1) + 1 - steps;
  return sliced(
    scheduler,
    evaluations.findIndex(({ step }) => step >= before),
    evaluations.length,
  );
}

/** The steps of a run on one side of a timestep, or between two, as a run of their own. None where there is no such step. */
function stepsWithin<Memory extends SchedulerMemory>(
  scheduler: Scheduler<Memory>,
  { downTo = Number.NEGATIVE_INFINITY, below = Number.POSITIVE_INFINITY }: PartOfSteps,
): Scheduler<Memory> {
  const { evaluations } = scheduler;
  const firstBelow = (timestep: number): number => {
    const found = evaluations.findIndex((one) => one.stage === 0 && one.timestep < timestep);
    return found === -1 ? evaluations.length : found;
  };
  return sliced(scheduler, firstBelow(below), firstBelow(downTo));
}

/** The evaluations of a run from `skipped` on, which is the first of its step, and before `end`. */
function sliced<Memory extends SchedulerMemory>(
  scheduler: Scheduler<Memory>,
  skipped: number,
  end: number,
): Scheduler<Memory> {
  const { evaluations } = scheduler;
  if (skipped <= 0 && end === evaluations.length) return scheduler;
  const before = evaluations[skipped]?.step ?? 0;
  const own = (state: SchedulerState<Memory>): SchedulerState<Memory> => moved(state, -skipped);
  const whole = (state: SchedulerState<Memory>): SchedulerState<Memory> => moved(state, skipped);
  const left = evaluations.slice(skipped, end).map((one): Evaluation => ({ ...one, step: one.step - before }));
  return {
    ...scheduler,
    evaluations: left,
    start: (latents) => own(scheduler.start(latents, skipped)),
    ask: (state) => ({ ...scheduler.ask(whole(state)), ...nextEvaluation(left, state) }),
    answer: (state, prediction, noise) => own(scheduler.answer(whole(state), prediction, noise)),
    clean: (state, prediction) => scheduler.clean(whole(state), prediction),
    addNoise: (original, noise, index) => scheduler.addNoise(original, noise, index + skipped),
  };
}

function moved<Memory extends SchedulerMemory>(
  state: SchedulerState<Memory>,
  evaluations: number,
): SchedulerState<Memory> {
  return { ...state, evaluation: state.evaluation + evaluations };
}

/** A family's sampler for a part of a schedule. */
export function createPart<Options>(
  family: SamplerFamily<Options>,
  schedule: NoiseSchedule,
  part: SchedulePart,
  options: Options,
): Scheduler {
  return stepsWithin(createByStrength(family, schedule, part, options), part);
}

function createByStrength<Options>(
  family: SamplerFamily<Options>,
  schedule: NoiseSchedule,
  part: SchedulePart,
  options: Options,
): Scheduler {
  if (family.strengthCutsSchedule === true) return family.create(schedule, part.steps, options, part.strength);
  const steps = stepsOfSchedule(part);
  if (part.strength !== 1 && family.createLast !== undefined) {
    return family.createLast(schedule, steps, options, stepsOfPart(part));
  }
  const whole = family.create(schedule, steps, options);
  // A schedule may lay out more steps than were asked.
  return part.strength === 1 ? whole : lastSteps(whole, stepsOfPart(part));
}
