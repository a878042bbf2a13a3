import type { Evaluation, Scheduler, SchedulerState } from './scheduler.ts';

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

/** How many steps of a run are done whole. */
export function stepsDone({ evaluations }: Pick<Scheduler, 'evaluations'>, { evaluation }: SchedulerState): number {
  return evaluations[evaluation]?.step ?? (evaluations.at(-1)?.step ?? -1) + 1;
}
