import { TorchGenerator, type TorchGeneratorState } from '../numeric/torch-generator.ts';
import { stepsDone } from '../schedulers/evaluations.ts';
import type { SchedulerState } from '../schedulers/scheduler.ts';
import { actingControls, type RowControl } from './controls/sample-control.ts';
import { type Answer, joinAnswers } from './guidance.ts';
import type { Pass } from './pass.ts';
import type { Row } from './row.ts';

/**
 * One picture in one pass. It can share a batched evaluation with any other sample of equal batch key, join at any tick and
 * leave at any tick.
 */
export interface Sample {
  readonly pass: Pass;
  /** All that changes. Replaced, never written to. */
  state: SampleState;
}

/**
 * How far a sample has come, as plain data that can be kept and handed over: another sample of the same pass that is given it
 * goes on as if nothing had happened.
 */
export interface SampleState extends SchedulerState {
  readonly noise: TorchGeneratorState;
}

/** A sample at the beginning of its pass. */
export function startSample(pass: Pass, seed: number): Sample {
  const noise = pass.noiseFrom(new TorchGenerator(seed).save());
  const latents = noise.draw().map((value) => value * pass.scheduler.initialNoiseSigma);
  return { pass, state: { ...pass.scheduler.start(latents), noise: noise.save() } };
}

/** The state of a sample after the network answered its rows. Leaves the sample as it is. */
export function answered({ pass, state }: Sample, answers: readonly Answer[]): SampleState {
  const noise = pass.noiseFrom(state.noise);
  const next = pass.scheduler.answer(state, joinAnswers(answers, pass.guidance), noise);
  return { ...next, noise: noise.save() };
}

/** The controls that act on one of its rows in its next evaluation. */
export function controlsOn({ controls }: Row, { pass, state }: Sample): readonly RowControl[] {
  return actingControls(controls, state.evaluation, pass.scheduler.evaluations.length);
}

/** Steps that are done whole. */
export function stepOf({ pass, state }: Sample): number {
  return stepsDone(pass.scheduler, state);
}

export function isFinished({ pass, state }: Sample): boolean {
  return state.evaluation >= pass.scheduler.evaluations.length;
}

/** Samples with equal keys fit into one batched evaluation. */
export function batchKey({ pass: { base, shape, structure } }: Sample): string {
  return [base, ...shape, structure].join('/');
}
