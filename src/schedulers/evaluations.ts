import type { Evaluation, Scheduler, SchedulerMemory, SchedulerState } from './scheduler.ts';

/** The evaluations of a sampler that asks the network once a step. */
export function onceAStep(timesteps: readonly number[], levelAt: (step: number) => number): readonly Evaluation[] {
  return timesteps.map((timestep, step) => ({ step, stage: 0, timestep, level: levelAt(step) }));
}

/** Throws RangeError where the run is over. */
export function nextEvaluation(
  evaluations: readonly Evaluation[],
  { evaluation }: Pick<SchedulerState, 'evaluation'>,
): Evaluation {
  const next = evaluations[evaluation];
  if (next === undefined) throw new RangeError(`A run of ${evaluations.length} evaluations was asked for more`);
  return next;
}

/** What samplers share that show the network their latents as they are, once a step, and begin with noise of deviation 1. */
export function onPlainLatents<Memory extends SchedulerMemory>(
  evaluations: readonly Evaluation[],
  memory: Memory,
): Pick<Scheduler<Memory>, 'evaluations' | 'initialNoiseSigma' | 'start' | 'ask'> {
  return {
    evaluations,
    initialNoiseSigma: 1,
    start: (latents, from = 0) => ({ evaluation: from, latents, memory }),
    ask: (state) => ({ ...nextEvaluation(evaluations, state), latents: state.latents }),
  };
}

/** How many steps of a run are done whole. */
export function stepsDone({ evaluations }: Pick<Scheduler, 'evaluations'>, { evaluation }: SchedulerState): number {
  return evaluations[evaluation]?.step ?? (evaluations.at(-1)?.step ?? -1) + 1;
}
