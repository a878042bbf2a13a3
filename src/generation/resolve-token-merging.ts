import { ArmatureError } from '../errors.ts';
import type { GenerationPlan } from './plan.ts';
import type { GenerationRequest } from './request/generation.ts';

/** Each share is a network of its own: few of them, so that requests share the one that is loaded. */
const stepsOfAll = 20;

/** What a plan says of the tokens that are merged; nothing where none are. Refuses a share between two steps. */
export function tokenMergingOf({
  token_merging: share,
}: Pick<GenerationRequest, 'token_merging'>): Pick<GenerationPlan, 'tokenMerging'> {
  const nearest = Math.round(share * stepsOfAll) / stepsOfAll;
  if (nearest !== share) {
    const detail = `Expected token_merging to be a multiple of ${1 / stepsOfAll} but received ${share}: ${nearest} would fit.`;
    throw new ArmatureError('invalid_request', detail, { field: 'token_merging' });
  }
  return share === 0 ? {} : { tokenMerging: share };
}
