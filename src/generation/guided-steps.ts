import { ArmatureError } from '../errors.ts';
import type { PlannedPass } from './passes.ts';
import type { GenerationPlan } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';
import { actsAt } from './window.ts';

type GuidedPass = Pick<PlannedPass, 'guidanceWindow' | 'run'> & Partial<Pick<PlannedPass, 'reading'>>;

/** What a plan says of when guidance acts; nothing where that is at all steps. Refuses a window that ends before it begins. */
export function guidanceWindow({
  guidance_start: start,
  guidance_end: end,
}: Pick<GenerationRequest, 'guidance_start' | 'guidance_end'>): Pick<GenerationPlan, 'guidanceWindow'> {
  if (start > end) {
    const detail = `Expected guidance_start to be at most guidance_end, ${end}, but received ${start}.`;
    throw new ArmatureError('invalid_request', detail, { field: 'guidance_start' });
  }
  return start === 0 && end === 1 ? {} : { guidanceWindow: { start, end } };
}

/**
 * Whether guidance acts at a step of a pass, by the steps of its run, those among them that another model makes too. Outside of its window it is as with
 * a scale of 1.
 */
export function isGuidedAt({ guidanceWindow: window, run, reading }: GuidedPass, step: number): boolean {
  if (window === undefined) return true;
  const { steps, own } = reading?.prompt.steps ?? { steps: run.steps };
  return actsAt(window, (own?.from ?? 0) + step, steps);
}

/** Whether it acts at any step of a pass. */
export function guidanceActs(pass: GuidedPass): boolean {
  return Array.from({ length: pass.run.steps }, (_, step) => isGuidedAt(pass, step)).includes(true);
}
