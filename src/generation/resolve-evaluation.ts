import type { Condition } from '../conditions/contract/condition.ts';
import { isMeasured, reasonOfNoMeasure } from '../conditions/fidelity/fidelity.ts';
import { ArmatureError } from '../errors.ts';
import type { Catalog } from './catalog.ts';
import { limits } from './request/limits.ts';
import type { GenerationPlan } from './plan.ts';
import type { PlannedControl } from './planned-control.ts';
import type { GenerationRequest } from './request/generation.ts';

/**
 * How outputs are compared with their maps and how many are drawn for each. `invalid_request` where there is nothing to
 * compare with, or more would be drawn than a job may.
 */
export function resolveEvaluation(
  { evaluate, best_of: bestOf, count }: GenerationRequest,
  controls: readonly PlannedControl[],
  conditionOf: Catalog['condition'],
): Pick<GenerationPlan, 'evaluate' | 'bestOf'> {
  const choosing = bestOf > 1;
  if (choosing && evaluate === false) {
    throw invalid('evaluate', `Expected evaluate not to be false with best_of ${bestOf}, which chooses by it.`);
  }
  const field = choosing ? 'best_of' : 'evaluate';
  if ((choosing || evaluate === true) && controls.length === 0) {
    throw invalid(field, `Expected controls with ${field}: pictures are compared with the maps of their controls.`);
  }
  if (choosing && !controls.some(({ type }) => canBeMeasured(conditionOf(type, field)))) {
    const why = [...new Set(controls.map(({ type }) => reasonOfNoMeasure(conditionOf(type, field))))].join(' ');
    throw invalid(field, `Expected a control that can be measured with best_of. ${why}`);
  }
  if (count * bestOf > limits.candidates) {
    const detail = `Expected count x best_of to be at most ${limits.candidates} but received ${count} x ${bestOf}.`;
    throw invalid('best_of', detail);
  }
  return { evaluate: choosing || evaluate === true, bestOf };
}

function canBeMeasured(condition: Condition): boolean {
  return isMeasured(condition) && condition.load !== undefined;
}

function invalid(field: string, detail: string): ArmatureError {
  return new ArmatureError('invalid_request', detail, { field });
}
