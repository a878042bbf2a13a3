import type { TrainingPlan } from '../generation/kinds/training/plan.ts';
import type { TrainingEvent } from './contract/training-event.ts';
import type { OpenValidation } from './open-validation.ts';
import type { StepParts } from './step-parts.ts';
import { findLearningRate, secondsOfLook, secondsOfStep, type TrialOptions } from './trials.ts';

export interface SettlingOptions extends TrialOptions {
  /** When the training's time began, in milliseconds of `now`. */
  readonly startedAt: number;
}

/**
 * Finds the rate and the steps that a plan leaves to the program, on weights that are thrown away. A time holds all that came before, and each look at the
 * training: the one before its first step is what looks are measured by.
 */
export async function settlePlan(
  plan: TrainingPlan,
  parts: StepParts,
  validation: OpenValidation | null,
  options: SettlingOptions,
  tell: (event: TrainingEvent) => Promise<void>,
): Promise<TrainingPlan> {
  const { minutes } = plan;
  let settled = plan;
  if (plan.learningRate === 0) {
    const rate = await findLearningRate(plan, parts, options);
    settled = { ...settled, learningRate: rate };
    await tell({
      type: 'notice',
      code: 'rate_found',
      step: 0,
      message: `The learning rate is ${rate}, by a range test.`,
    });
  }
  if (plan.steps === 0 && minutes !== null) {
    const look = validation === null ? 0 : await secondsOfLook(settled, parts, validation, options);
    const step = await secondsOfStep(settled, parts, options);
    const left = 60 * minutes - (options.now() - options.startedAt) / 1000;
    const steps = Math.max(1, settled.warmup, stepsWithin(left, { step, look, every: plan.validation?.every ?? 1 }));
    settled = { ...settled, steps };
    const looks =
      validation === null ? '' : `, with a look of ${look.toPrecision(2)} s every ${plan.validation?.every}`;
    const message = `${steps} steps of ${step.toPrecision(2)} s${looks}, for the ${Math.max(0, left).toFixed(0)} s that are left of ${minutes} minutes.`;
    await tell({ type: 'notice', code: 'steps_measured', step: 0, message });
  }
  return settled;
}

/** Looks at a training of so many steps: one before the first, one after every so many, and one after the last. */
export function looksOf(steps: number, every: number): number {
  return 1 + Math.ceil(steps / every);
}

export interface Pace {
  /** Seconds. */
  readonly step: number;
  readonly look: number;
  /** Steps from one look to the next. */
  readonly every: number;
}

/** How many steps fit into so many seconds, with a look after every so many of them and after the last one; 0 where none do. */
export function stepsWithin(seconds: number, { step, look, every }: Pace): number {
  const one = Math.max(step, 0.001);
  const rounds = Math.max(0, Math.floor(seconds / (every * one + look)));
  const rest = seconds - rounds * (every * one + look);
  return rounds * every + Math.min(every - 1, Math.max(0, Math.floor((rest - look) / one)));
}
