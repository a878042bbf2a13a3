import type { StepLimit } from './family.ts';
import { stepsOfPart } from './part.ts';

/** `steps` of the distillation's first `originalSteps` timesteps, evenly chosen from the noisiest down. */
export function distillationTimesteps(stride: number, originalSteps: number, steps: number): number[] {
  const gap = originalSteps / steps;
  return Array.from({ length: steps }, (_, i) => (originalSteps - Math.floor(i * gap)) * stride - 1);
}

/** How many steps models may run that were distilled on `originalSteps`; `models`: by which method. */
export function distilledSteps(models: string, originalSteps: number, strength: number): StepLimit {
  const steps = `steps that ${models} models were distilled on`;
  return {
    most: stepsOfPart({ steps: originalSteps, strength }),
    because: strength === 1 ? `the ${steps}` : `what a strength of ${strength} leaves of the ${originalSteps} ${steps}`,
  };
}
