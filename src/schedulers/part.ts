import { nextEvaluation } from './evaluations.ts';
import type { SamplerFamily } from './family.ts';
import type { Evaluation, NoiseSchedule, Scheduler, SchedulerMemory, SchedulerState } from './scheduler.ts';

/** The part of a schedule that a run goes through: the last `strength` (above 0, at most 1) of one of so many steps. */
export interface SchedulePart {
  readonly steps: number;
  readonly strength: number;
}

/** How many of the steps that are: the product in doubles, cut to a whole number (diffusers); 0 where nothing is left of it. */
export function stepsOfPart({ steps, strength }: SchedulePart): number {
  return Math.min(Math.trunc(steps * strength), steps);
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
  const skipped = evaluations.findIndex(({ step }) => step >= before);
  if (skipped <= 0) return scheduler;
  const own = (state: SchedulerState<Memory>): SchedulerState<Memory> => moved(state, -skipped);
  const whole = (state: SchedulerState<Memory>): SchedulerState<Memory> => moved(state, skipped);
  const left = evaluations.slice(skipped).map((one): Evaluation => ({ ...one, step: one.step - before }));
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
  const { steps, strength } = part;
  if (family.strengthCutsSchedule === true) return family.create(schedule, steps, options, strength);
  const whole = family.create(schedule, steps, options);
  // A schedule may lay out more steps than were asked.
  return strength === 1 ? whole : lastSteps(whole, stepsOfPart(part));
}
